import { asciiJson } from '../../model/ascii-json.ts';
import { nameUuid } from '../../reconcile/desire/identity.ts';
import type { SimCluster } from '../../sim/cluster-state.ts';
import type { WorldState } from '../../sim/state.ts';

/**
 * What stands for a real backup in a copied world, whose guests cannot open the real one: the cluster as it is now, or an empty one where it is gone.
 */
export function standInBackup(
  world: WorldState,
  of: { readonly cluster: string; readonly version: string; readonly clusterUid?: string },
): string {
  const present = Object.values(world.clusters).find((cluster) => cluster.name === of.cluster);
  return `${asciiJson({ kind: 'SimulatedBackup', version: of.version, cluster: present ?? lostCluster(world, of) })}\n`;
}

function lostCluster(
  { atMs }: WorldState,
  { cluster, clusterUid }: { readonly cluster: string; readonly clusterUid?: string },
): SimCluster {
  return {
    uid: clusterUid ?? nameUuid(`rehearsed cluster/${cluster}`),
    name: cluster,
    distribution: 'kubeadm',
    apiPort: 6443,
    createdAtMs: atMs,
    controlPlanes: [],
    certificates: { serial: 1, expireAtMs: atMs + 365 * 24 * 3_600_000 },
    nodes: {},
    tokens: [],
    objects: {},
    resourceVersion: 1,
  };
}
