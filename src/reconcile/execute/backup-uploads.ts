import type { Guest } from '../../drivers/guest/guest.ts';
import { toKreError } from '../../model/error.ts';
import type { Backup, HostOperation } from '../../model/observed.ts';
import type { Clock } from '../../model/ports.ts';
import { uploadId } from '../plan/restore.ts';
import type { BackupUploads } from './context.ts';

/** What one write into a guest may hold. */
const PIECE_BYTES = 96 * 1024;

export interface BackupUploading extends BackupUploads {
  operations(): readonly HostOperation[];
  /** Resolves when none is under way. */
  settled(): Promise<void>;
}

/** Brings backups into guests in pieces, beside the passes. `read` gives the bytes only if they are those that were saved. What an ended process had brought is brought again. */
export function createBackupUploads(
  guest: Pick<Guest, 'writeBackup'>,
  read: (backup: Backup) => Promise<Uint8Array>,
  clock: Clock,
  onChange: () => void,
): BackupUploading {
  const operations = new Map<string, HostOperation>();
  const underWay = new Map<string, Promise<void>>();
  return {
    operations: () => [...operations.values()],
    settled: async () => {
      while (underWay.size > 0) await Promise.all(underWay.values());
    },
    start({ machine, backup }) {
      const id = uploadId(machine.name, backup.id);
      if (underWay.has(id)) return;
      const startedAtMs = clock.now();
      const note = (change: Partial<HostOperation>) =>
        operations.set(id, { id, state: 'running', startedAtMs, endedAtMs: null, progress: 0, message: '', ...change });
      note({});
      const work = async (): Promise<void> => {
        try {
          const content = await read(backup);
          for (let offset = 0; offset < content.length; offset += PIECE_BYTES) {
            await guest.writeBackup(machine, backup.id, offset, content.subarray(offset, offset + PIECE_BYTES));
            const progress = Math.min(1, (offset + PIECE_BYTES) / content.length);
            note({ progress, message: `${Math.floor(progress * 100)}%` });
          }
          note({ state: 'succeeded', endedAtMs: clock.now(), progress: 1 });
        } catch (thrown) {
          const { message, hint } = toKreError(thrown);
          note({ state: 'failed', endedAtMs: clock.now(), progress: null, message: `${message}. ${hint}` });
        } finally {
          underWay.delete(id);
          onChange();
        }
      };
      underWay.set(id, work());
    },
  };
}
