import { createHash } from 'node:crypto';
import type { Guest } from '../../drivers/guest/guest.ts';
import { KreError, toKreError } from '../../model/error.ts';
import type { Backup, HostOperation, Retention } from '../../model/observed.ts';
import type { Clock } from '../../model/ports.ts';
import type { BackupCopies } from './context.ts';

/** Where finished copies go. `verify` opens the bytes as far as the host can, rejects with a `KreError` if they are not a backup. */
export interface BackupStore {
  save(backup: Backup, content: Uint8Array, retention: Retention): Promise<void>;
}

export interface BackupCopying extends BackupCopies {
  operations(): readonly HostOperation[];
  /** Resolves when no copy is under way. */
  settled(): Promise<void>;
}

/** Copies backups out of guests in pieces, beside the passes. What an ended process had copied is copied again. */
export function createBackupCopies(
  guest: Guest,
  store: BackupStore,
  clock: Clock,
  onChange: () => void,
): BackupCopying {
  const operations = new Map<string, HostOperation>();
  const underWay = new Map<string, Promise<void>>();
  const note = (id: string, change: Partial<HostOperation>) => {
    const present = operations.get(id) ?? {
      id,
      state: 'running',
      startedAtMs: clock.now(),
      endedAtMs: null,
      progress: 0,
      message: '',
    };
    operations.set(id, { ...present, ...change });
  };
  return {
    operations: () => [...operations.values()],
    settled: async () => {
      while (underWay.size > 0) await Promise.all(underWay.values());
    },
    start(request) {
      const id = `fetch-${request.operation}`;
      if (underWay.has(id)) return;
      operations.delete(id);
      note(id, { state: 'running' });
      const work = async (): Promise<void> => {
        try {
          const content = await readWhole(guest, request, (progress) =>
            note(id, { progress, message: `${Math.floor(progress * 100)}%` }),
          );
          await store.save(arrived(request, clock.now()), content, request.retention);
          note(id, { state: 'succeeded', endedAtMs: clock.now(), progress: 1 });
        } catch (thrown) {
          note(id, { state: 'failed', endedAtMs: clock.now(), message: toKreError(thrown).message });
        } finally {
          underWay.delete(id);
          onChange();
        }
      };
      underWay.set(id, work());
    },
  };
}

/** What is kept of a backup that is here. Of tries within one minute the later ones bear the minutes that follow: none was made after it arrived. */
function arrived({ operation, backup, expect }: Parameters<BackupCopies['start']>[0], nowMs: number): Backup {
  const { sha256, sizeBytes } = expect;
  const atMs = Math.min(backup.atMs, nowMs);
  return { ...backup, atMs, id: operation, sha256, sizeBytes, verified: true, arrivedAtMs: nowMs };
}

/** The guest has opened the backup; that the bytes are the same is what the digest tells. More than announced is refused. */
async function readWhole(
  guest: Guest,
  { machine, operation, expect }: Parameters<BackupCopies['start']>[0],
  onProgress: (progress: number) => void,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const piece = await guest.readBackup(machine, operation, length);
    if (piece.length === 0) break;
    pieces.push(piece);
    length += piece.length;
    if (length > expect.sizeBytes) break;
    onProgress(expect.sizeBytes === 0 ? 1 : length / expect.sizeBytes);
  }
  const content = Buffer.concat(pieces);
  const sha256 = createHash('sha256').update(content).digest('hex');
  if (length === expect.sizeBytes && sha256 === expect.sha256) return content;
  throw new KreError({
    code: 'GuestReply',
    message: `backup ${operation} of ${machine.name} did not arrive as announced (${length} of ${expect.sizeBytes} bytes)`,
    hint: 'It is copied again.',
    disposition: 'retry',
  });
}
