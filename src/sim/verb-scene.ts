import type { SimCluster } from './cluster-state.ts';
import { hasStateDisk, memberOf } from './places.ts';
import { isServing } from './quorum.ts';
import type { InstalledRoot, SimDomain, WorldState } from './state.ts';

/** Where an operation's effect comes about. */
export interface OperationScene {
  readonly state: WorldState;
  readonly domain: SimDomain;
  readonly installed: InstalledRoot;
  readonly input: Readonly<Record<string, string>>;
  readonly id: string;
  readonly atMs: number;
}

/** Ends an operation as failed, with what the guest would say. */
export class OperationFailure extends Error {}

/** The program's `need_state`: nothing is initialised while the state disk is not mounted as asked. */
export function needState({ domain }: OperationScene): void {
  if (!hasStateDisk(domain) || domain.run?.stateDisk === 'mounted') return;
  throw new OperationFailure(
    `the state disk is not mounted (${domain.run?.stateDisk ?? 'off'}): nothing is initialised`,
  );
}

/** The cluster of a control plane whose API server answers. */
export function needApi({ state, domain }: Pick<OperationScene, 'state' | 'domain'>): SimCluster {
  const member = memberOf(state, domain);
  const cluster = member ? state.clusters[member.clusterUid] : undefined;
  if (member?.role !== 'control-plane' || !cluster) throw new OperationFailure(`${domain.name} is not a control plane`);
  if (!isServing(state, cluster, domain)) throw new OperationFailure('the API server does not answer');
  return cluster;
}
