import type { Observed, Restoration } from '../../src/model/observed.ts';
import type { Engine } from '../reconcile/rollout.ts';
import { latestBackup } from './losses.ts';

/** Deliberate faults in what comes back: clusters from backups, and the state that a root disk left. */

/** Names of clusters whose control plane is not there. */
function missing({ inventory, records }: Observed): readonly string[] {
  if (!inventory.known) return [];
  const names = new Set(records.backups.map(({ cluster }) => cluster));
  for (const { cluster } of records.kubeconfigs) names.add(cluster);
  const { folders } = inventory.value;
  return [...names].filter((name) => folders.every(({ machine }) => machine !== `${name}-cp-1`));
}

export const returnMutations: Readonly<Record<string, Engine>> = {
  'the state disk is not put back with the root disk before': {
    hypervisor: (hypervisor) => ({ ...hypervisor, restoreState: async () => {} }),
  },
  'a lost cluster is made anew as a blank one': {
    observed: (observed) => {
      const lost = missing(observed);
      const { backups, kubeconfigs } = observed.records;
      const others = <T extends { readonly cluster: string }>(list: readonly T[]) =>
        list.filter(({ cluster }) => !lost.includes(cluster));
      const records = { ...observed.records, backups: others(backups), kubeconfigs: others(kubeconfigs) };
      return lost.length === 0 || observed.records.restorations?.length ? observed : { ...observed, records };
    },
  },
  'a cluster is restored though nobody asks for it': {
    observed: (observed) => {
      const wishes = missing(observed).flatMap((cluster): readonly Restoration[] => {
        const backup = latestBackup(observed.records.backups, cluster);
        const machine = `${cluster}-cp-1`;
        return backup ? [{ cluster, machine, backup: backup.id, atMs: backup.atMs, replace: false }] : [];
      });
      const restorations = [...(observed.records.restorations ?? []), ...wishes];
      return { ...observed, records: { ...observed.records, restorations } };
    },
  },
};
