import type { Backup, BackupReason } from '../../model/observed.ts';
import { plain, type Style } from './style.ts';
import { table } from './table.ts';
import { ago } from './time.ts';

const HEAD = ['CLUSTER', 'BACKUP', 'TAKEN', 'VERSION', 'MACHINE', 'SIZE', 'VERIFIED', 'WHY'];
const WHY: Readonly<Record<BackupReason, string>> = {
  schedule: 'schedule',
  request: 'asked for',
  disruption: 'before a change',
};

/** Backups of all clusters or one, the latest of each last. */
export function backupsText(backups: readonly Backup[], nowMs: number, style: Style): string {
  if (backups.length === 0) return 'There is no backup on this host.\n';
  const rows = backups.map((backup) => [
    plain(backup.cluster),
    plain(backup.id),
    ago(backup.atMs, nowMs),
    plain(backup.version),
    plain(backup.machine),
    size(backup.sizeBytes),
    backup.verified ? style.good('yes') : style.bad('no'),
    backup.why === undefined ? '-' : WHY[backup.why],
  ]);
  return `${table([HEAD.map(style.dim), ...rows]).join('\n')}\n`;
}

/** A backup that was waited for. */
export function backupLine({ cluster, id, sizeBytes }: Backup): string {
  return `${plain(cluster)} is backed up: ${plain(id)} (${size(sizeBytes)}), opened and checked.\n`;
}

function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KiB` : `${Math.round(bytes / 1024 / 102.4) / 10} MiB`;
}
