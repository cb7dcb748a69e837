import type { SimDomain, WorldState } from './state.ts';

/** A domain that is not running, as `virsh define` makes it. */
export function addDomain(state: WorldState, init: Pick<SimDomain, 'uuid' | 'name' | 'mark' | 'next'>): SimDomain {
  const domain: SimDomain = {
    ...init,
    state: 'shut off',
    stateReason: 'unknown',
    persistent: true,
    autostart: false,
    live: null,
    run: null,
    saved: null,
  };
  state.domains[domain.uuid] = domain;
  state.names[domain.name] = domain.uuid;
  return domain;
}

/** The definition is gone; disks stay. */
export function removeDomain(state: WorldState, domain: SimDomain): void {
  delete state.domains[domain.uuid];
  delete state.names[domain.name];
}

export function domainNamed(state: WorldState, name: string): SimDomain | null {
  return state.domains[state.names[name] ?? ''] ?? null;
}
