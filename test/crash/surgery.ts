import type { Action, Plan, Step, Wait } from '../../src/model/plan.ts';
import type { Engine } from '../reconcile/rollout.ts';

export type Entry = Step | Wait;

/** An engine whose plans lack some of their steps and waits: what stood before them stands before what came after them. */
export function dropping(isDropped: (entry: Entry) => boolean): Engine {
  return {
    plan(plan) {
      const all = new Map<string, Entry>([...plan.steps, ...plan.waits].map((entry) => [entry.id, entry]));
      const before = (id: string): readonly string[] => {
        const entry = all.get(id);
        return entry && isDropped(entry) ? entry.needs.flatMap(before) : [id];
      };
      const rewired = <T extends Entry>(entries: readonly T[]): readonly T[] =>
        entries
          .filter((entry) => !isDropped(entry))
          .map((entry) => ({ ...entry, needs: [...new Set(entry.needs.flatMap(before))] }));
      return { ...plan, steps: rewired(plan.steps), waits: rewired(plan.waits) };
    },
  };
}

/** An engine that changes each step of its plans. */
export function changing(change: (step: Step) => Step): Engine {
  return { plan: (plan) => ({ ...plan, steps: plan.steps.map(change) }) };
}

/** An engine that forgets some of what its steps need. */
export function hasty(isForgotten: (need: string, step: Step) => boolean): Engine {
  return changing((step) => ({ ...step, needs: step.needs.filter((need) => !isForgotten(need, step)) }));
}

/** An engine that does more than its plans say. */
export function adding(more: (plan: Plan) => readonly { readonly id: string; readonly action: Action }[]): Engine {
  return {
    plan: (plan) => ({
      ...plan,
      steps: [
        ...plan.steps,
        ...more(plan).map(({ id, action }): Step => {
          const target = { kind: 'Machine' as const, name: id };
          const words = { title: id, reason: 'a deliberate fault' };
          const flags = { destructive: false, disruptive: false, unknown: [], changes: [], needs: [] };
          return { id, target, object: null, ...words, ...flags, action };
        }),
      ],
    }),
  };
}

/** `machine/dev-cp-1/…` is about `dev-cp-1`; `null` for what is about no machine. */
export function machineOf(id: string): string | null {
  return /^machine\/([^/]+)\//.exec(id)?.[1] ?? null;
}

export function isControlPlane(name: string | null): boolean {
  return name?.includes('-cp-') ?? false;
}

export function verbOf({ action }: Step): string | null {
  return action.kind === 'guest-operation' ? action.verb : null;
}
