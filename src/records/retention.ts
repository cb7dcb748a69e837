import type { Backup, Retention } from '../model/observed.ts';

/**
 * Backups of one cluster that may go: all but the latest `keep`, never the last verified one, nor the last verified one of a version that a change under
 * way may have to go back to. Pure.
 */
export function expiredBackups(backups: readonly Backup[], { keep, versions }: Retention): readonly Backup[] {
  const newestFirst = [...backups].sort((a, b) => b.atMs - a.atMs);
  const verified = newestFirst.filter((backup) => backup.verified);
  const needed = versions.map((version) => verified.find((backup) => backup.version === version));
  const kept = new Set([...newestFirst.slice(0, keep), verified[0], ...needed]);
  return newestFirst.filter((backup) => !kept.has(backup));
}
