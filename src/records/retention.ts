import type { Backup, Retention } from '../model/observed.ts';

/**
 * Backups of one cluster that may go: all but the latest `keep`, never the last verified one of a cluster that bore this name, nor of a version that a
 * change under way may have to go back to. Pure.
 */
export function expiredBackups(backups: readonly Backup[], { keep, versions }: Retention): readonly Backup[] {
  const newestFirst = [...backups].sort((a, b) => b.atMs - a.atMs);
  const verified = newestFirst.filter((backup) => backup.verified);
  const needed = versions.map((version) => verified.find((backup) => backup.version === version));
  // One that was begun anew has another identity; what is left of the one before may be wanted back.
  const identities = new Set(verified.map(({ clusterUid }) => clusterUid));
  const last = [...identities].map((uid) => verified.find(({ clusterUid }) => clusterUid === uid));
  const kept = new Set([...newestFirst.slice(0, keep), ...last, ...needed]);
  return newestFirst.filter((backup) => !kept.has(backup));
}
