import type { Facts } from './facts.ts';
import { isForbidden } from './guard/objection.ts';
import type { NodeInputs } from './node.ts';

const MINUTE_MS = 60_000;

/**
 * Whether backups of this machine take longer than `backup.maxAge`, so that none is ever fresh and one after the other would be taken in vain; adds the
 * block. Judged by the latest one.
 */
export function isBackupTooSlow(facts: Facts, { cluster, machine, road }: NodeInputs): boolean {
  if (machine.skips.skipped.includes('BackupFresh')) return false;
  const own = facts.records.backups.filter((backup) => backup.verified && backup.machine === machine.name);
  const latest = own.reduce<(typeof own)[number] | null>((a, b) => (a === null || b.atMs > a.atMs ? b : a), null);
  if (latest?.arrivedAtMs === undefined) return false;
  const tookMs = latest.arrivedAtMs - latest.atMs;
  if (tookMs <= cluster.backup.maxAgeMs + MINUTE_MS) return false;
  const minutes = Math.ceil(tookMs / MINUTE_MS);
  return isForbidden(road.draft, machine, {
    guard: 'BackupFresh',
    reason: `the last backup of ${cluster.name} took ${minutes} min until it was on this host and checked, and spec.backup.maxAge is ${Math.round(cluster.backup.maxAgeMs / MINUTE_MS)} min: none is ever fresh`,
    wayOut: `Commit a spec.backup.maxAge above ${minutes}m. If the last one was slow by chance: kreconcile backup ${cluster.name}.`,
  });
}
