import type { Engine } from '../reconcile/rollout.ts';

/** Two hands in one engine: the outer one sees what the inner one lets through. */
export function together(inner: Engine, outer: Engine): Engine {
  return {
    desired: (desired) => chain(desired, inner.desired, outer.desired),
    plan: (plan, world) =>
      chain(
        plan,
        (value) => inner.plan?.(value, world),
        (value) => outer.plan?.(value, world),
      ),
    observed: (observed) => chain(observed, inner.observed, outer.observed),
    acts: (acts, parts, world) =>
      chain(
        acts,
        (value) => inner.acts?.(value, parts, world),
        (value) => outer.acts?.(value, parts, world),
      ),
    hypervisor: (hypervisor) => chain(hypervisor, inner.hypervisor, outer.hypervisor),
    guest: (guest) => chain(guest, inner.guest, outer.guest),
  };
}

function chain<T>(value: T, ...links: readonly (((value: T) => T | undefined) | undefined)[]): T {
  return links.reduce<T>((present, link) => link?.(present) ?? present, value);
}
