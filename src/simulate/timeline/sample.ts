import { isApiReady } from '../../sim/cluster.ts';
import { markOf } from '../../sim/places.ts';
import type { SimDomain, WorldState } from '../../sim/state.ts';

/** What users of the host would notice at one moment. */
export interface Sample {
  readonly atMs: number;
  /** By cluster: whether some API server answers. */
  readonly apis: ReadonlyMap<string, boolean>;
  /** By machine of ours. */
  readonly machines: ReadonlyMap<string, MachineSample>;
  /** Memory of everything that runs, other people's machines too. */
  readonly memoryMiB: number;
  /** Sizes that the disks of our machines and the images could grow to. */
  readonly diskMiB: number;
}

export interface MachineSample {
  /** The cluster of a node; `null` for a machine without Kubernetes. */
  readonly cluster: string | null;
  readonly isUp: boolean;
  readonly isCordoned: boolean;
}

/** Looks at the world itself, not at what anybody has read of it. */
export function sampleWorld(state: WorldState, owner: string): Sample {
  const machines = new Map<string, MachineSample>();
  const apis = new Map<string, boolean>();
  for (const cluster of Object.values(state.clusters)) apis.set(cluster.name, isApiReady(state, cluster));
  let memoryMiB = 0;
  for (const domain of Object.values(state.domains)) {
    memoryMiB += domain.live?.memoryMiB ?? 0;
    const mark = markOf(domain);
    if (mark?.owner === owner) machines.set(domain.name, machineSample(state, domain));
  }
  return { atMs: state.atMs, apis, machines, memoryMiB, diskMiB: diskMiB(state) };
}

function machineSample(state: WorldState, domain: SimDomain): MachineSample {
  const mark = markOf(domain);
  const { run } = domain;
  const isRunning = run !== null && domain.state === 'running';
  if (mark?.spec.kubernetes == null) return { cluster: null, isUp: isRunning && run.agentConnected, isCordoned: false };
  const node = Object.values(state.clusters).find((entry) => entry.nodes[domain.name]?.machine === domain.uuid)?.nodes[
    domain.name
  ];
  const isServing = node?.ready === true && node.lostAtMs === null;
  return {
    cluster: mark.object.name,
    isUp: isRunning && run.serviceActive && isServing,
    isCordoned: node?.unschedulable ?? false,
  };
}

function diskMiB(state: WorldState): number {
  let total = 0;
  for (const image of Object.values(state.images)) total += image.virtualSizeMiB;
  for (const folder of Object.values(state.folders)) {
    for (const root of Object.values(folder.generations)) total += root.sizeMiB;
    total += (folder.stateDisk?.sizeMiB ?? 0) + (folder.setAside?.sizeMiB ?? 0);
    for (const copy of Object.values(folder.copies ?? {})) total += copy.disk.sizeMiB;
  }
  for (const retained of state.retained) total += retained.disk.sizeMiB;
  return total;
}
