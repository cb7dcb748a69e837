import { nameUuid } from '../../reconcile/desire/identity.ts';
import type { CopyScene } from './source.ts';

/** Identity of a cluster's data: as a control plane of it told, else one that is as good. */
export function clusterUid({ inventory, guests }: CopyScene, cluster: string): string {
  for (const { name, mark } of inventory.domains) {
    if (mark === null || mark === 'unreadable' || mark.object.kind !== 'Cluster' || mark.object.name !== cluster)
      continue;
    const reading = guests[name];
    const told = reading?.known ? reading.value.kubernetes?.clusterUid : null;
    if (told) return told;
  }
  return nameUuid(`rehearsed cluster/${cluster}`);
}
