import type { DesiredCluster } from '../../src/model/desired.ts';
import { clusterData, type Invariant, type Scene } from './scene.ts';

/** How long a node is unwell before everybody has seen it. */
const SEEN_MS = 120_000;
/** `maxUnhealthy`'s default. */
const MOST_PERCENT = 40;

function unwell({ memory, state }: Scene, { controlPlanes, workers }: DesiredCluster): readonly string[] {
  return [...controlPlanes, ...workers].filter((name) => {
    const sinceMs = memory.unwellSinceMs.get(name);
    return sinceMs !== undefined && state.atMs - sinceMs > SEEN_MS;
  });
}

/** The cluster whose node is about to be reset or restarted; `null`: none. */
function remedied(scene: Scene, act: Parameters<Invariant['check']>[1], phase: string): DesiredCluster | null {
  if (phase !== 'before' || (act?.name !== 'reset' && act?.verb !== 'restart')) return null;
  const cluster = scene.desired.clusters.find(({ controlPlanes, workers }) =>
    [...controlPlanes, ...workers].includes(act.machine ?? ''),
  );
  // A kubelet that its cluster does not know is restarted to register.
  const isKnown = cluster && clusterData(scene.state, cluster)?.nodes[act.machine ?? ''] !== undefined;
  return isKnown ? cluster : null;
}

const asked: Invariant = {
  name: 'nodes are remedied only where that was asked for',
  check(scene, act, phase) {
    const cluster = remedied(scene, act, phase);
    return cluster && cluster.remediation === null ? `${act?.machine} is remedied` : null;
  },
};

const breaker: Invariant = {
  name: 'nothing is done about single nodes when too many are unwell',
  check(scene, act, phase) {
    const cluster = remedied(scene, act, phase);
    if (!cluster) return null;
    const found = unwell(scene, cluster);
    const nodes = cluster.controlPlanes.length + cluster.workers.length;
    const most = Math.max(1, Math.floor((nodes * MOST_PERCENT) / 100));
    return found.length > most ? `${act?.machine} is remedied while ${found.join(', ')} of ${nodes} are unwell` : null;
  },
};

export const remedyInvariants: readonly Invariant[] = [asked, breaker];
