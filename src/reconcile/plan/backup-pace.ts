import type { Facts } from './facts.ts';
import { isForbidden } from './guard/objection.ts';
import type { NodeInputs } from './node.ts';

const MINUTE_MS = 60_000;

/**
 * Whether backups of this machine take longer than `backup.maxAge`, so that none is ever fresh and one after the other would be taken in vain; adds the
 * block. Judged by the faster of the latest two: one may have lain in the guest for long only because nobody was there to fetch it.
 */
export function isBackupTooSlow(facts: Facts, { cluster, machine, road }: NodeInputs): boolean {
  if (machine.skips.skipped.includes('BackupFresh')) return false;
  const own = facts.records.backups.filter((backup) => backup.verified && backup.machine === machine.name);
  const latest = [...own].sort((a, b) => b.atMs - a.atMs).slice(0, 2);
  const took = latest.flatMap(({ atMs, arrivedAtMs }) => (arrivedAtMs === undefined ? [] : [arrivedAtMs - atMs]));
  if (took.length < Math.min(2, cluster.backup.keep)) return false;
  const tookMs = Math.min(...took);
  if (tookMs <= cluster.backup.maxAgeMs + MINUTE_MS) return false;
  const minutes = Math.ceil(tookMs / MINUTE_MS);
  return isForbidden(road.draft, machine, {
    guard: 'BackupFresh',
    reason: `the last two backups of ${cluster.name} took ${minutes} min and more until they were on this host and checked, and spec.backup.maxAge is ${Math.round(cluster.backup.maxAgeMs / MINUTE_MS)} min: none is ever fresh`,
    wayOut: `Commit a spec.backup.maxAge above ${minutes}m. If they were slow by chance: kreconcile backup ${cluster.name}.`,
  });
}
