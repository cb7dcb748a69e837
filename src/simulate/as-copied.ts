import type { GuestReader } from '../drivers/guest/guest.ts';
import type { Backup, Records } from '../model/observed.ts';
import type { World } from '../reconcile/pass.ts';
import { programDigest } from '../sim/seed-facts.ts';
import type { WorldState } from '../sim/state.ts';
import { standInBackup } from './copy/backup.ts';

/** Records and backups as the copied world needs them: its kubeconfigs and backups are other bytes than the real ones. */
export interface CopiedRecords {
  readonly records: () => Promise<Records>;
  readonly readBackup: (backup: Pick<Backup, 'cluster' | 'id' | 'sha256'>) => Promise<Uint8Array>;
}

export interface RealRecords {
  readonly seen: World;
  readonly records: () => Promise<Records>;
  readonly readBackup: CopiedRecords['readBackup'];
  /** The copied world before anything happened in it. */
  readonly state: WorldState;
  readonly guest: GuestReader;
}

/**
 * What was published from a real kubeconfig counts as published from the copied one, or else each rehearsal would begin with publishing all of them; and
 * backups of the real guests are such as the copied guests can open.
 */
export function recordsAsCopied({ seen, records, readBackup, state, guest }: RealRecords): CopiedRecords {
  const digestOf = copiedDigests(seen, guest);
  const published = publishedNow(seen);
  const standIns = new Map(seen.observed.records.backups.map((backup) => [backup.id, standInBackup(state, backup)]));
  return {
    async records() {
      const found = await records();
      const kubeconfigs = found.kubeconfigs.map(async (entry) =>
        published.has(entry.guestDigest)
          ? { ...entry, guestDigest: (await digestOf(entry.cluster)) ?? entry.guestDigest }
          : entry,
      );
      const backups = found.backups.map((backup) => {
        const standIn = standIns.get(backup.id);
        return standIn === undefined ? backup : { ...backup, sha256: programDigest(standIn).slice('sha256:'.length) };
      });
      return { ...found, backups, kubeconfigs: await Promise.all(kubeconfigs) };
    },
    readBackup: async (backup) => {
      const standIn = standIns.get(backup.id);
      return standIn === undefined ? readBackup(backup) : Buffer.from(standIn);
    },
  };
}

/** By cluster: digest of the kubeconfig that the copied control plane holds; `null` while it does not answer. */
function copiedDigests({ desired }: World, guest: GuestReader): (cluster: string) => Promise<string | null> {
  const known = new Map<string, string>();
  return async (cluster) => {
    const first = desired.clusters.find((entry) => entry.name === cluster)?.controlPlanes[0];
    const machine = desired.machines.find((entry) => entry.name === first);
    if (!machine || known.has(cluster)) return known.get(cluster) ?? null;
    const status = await guest.status(machine).catch(() => null);
    const digest = status?.kubernetes?.kubeconfigDigest ?? null;
    if (digest !== null) known.set(cluster, digest);
    return digest;
  };
}

/** Digests of the kubeconfigs that were published and still are what their guests hold, or of which nobody knows better. */
function publishedNow({ desired, observed }: World): ReadonlySet<string> {
  const isUpToDate = ({ cluster, guestDigest }: Records['kubeconfigs'][number]): boolean => {
    const first = desired.clusters.find((entry) => entry.name === cluster)?.controlPlanes[0] ?? '';
    const reading = observed.guests[first];
    const told = reading?.known ? (reading.value.kubernetes?.kubeconfigDigest ?? null) : null;
    return told === null || told === guestDigest;
  };
  return new Set(observed.records.kubeconfigs.filter(isUpToDate).map((entry) => entry.guestDigest));
}
