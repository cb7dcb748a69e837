/** Members of a datastore and what they can do together. */
import type { SimCluster } from './cluster-state.ts';
import type { SimDomain, WorldState } from './state.ts';

/** Whether a member's datastore runs: it is up, its services are, and the guest does not stand still. */
function isRunning(state: WorldState, uuid: string): boolean {
  const run = state.domains[uuid]?.run;
  return run?.serviceActive === true && run.isHung !== true;
}

/** Whether a majority of the members runs: with fewer nothing can be read or written. */
export function hasQuorum(state: WorldState, { controlPlanes }: SimCluster): boolean {
  const running = controlPlanes.filter((uuid) => isRunning(state, uuid));
  return 2 * running.length > controlPlanes.length;
}

/** Whether every member but the machine itself runs. */
export function isWhole(state: WorldState, { controlPlanes }: SimCluster, except: SimDomain): boolean {
  return controlPlanes.every((uuid) => uuid === except.uuid || isRunning(state, uuid));
}

/** Whether a member's API server answers: it is up, and the datastore behind it is. One that the datastore has removed never does. */
export function isServing(state: WorldState, cluster: SimCluster, domain: SimDomain | undefined): boolean {
  if (!domain?.run?.apiReady || domain.run.isHung) return false;
  return cluster.controlPlanes.includes(domain.uuid) && hasQuorum(state, cluster);
}
