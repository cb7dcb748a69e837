import { createHash } from 'node:crypto';
import { KreError } from '../model/error.ts';
import type { Backup, Retention } from '../model/observed.ts';
import type { Files } from '../model/ports.ts';
import { expiredBackups } from './retention.ts';
import { isBackup } from './shapes.ts';
import { safeName } from './store.ts';

/** Datastores are bounded far below this (etcd: 8 GiB at most, 2 GiB by default, and compressed here). */
const MOST_BYTES = 2 * 1024 ** 3;

/** Backups of datastores on this host: `backups/<cluster>/<id>` and `<id>.json` beside it, 0600. */
export interface BackupFolder {
  /** Those that are there in full, oldest first. */
  list(): Promise<readonly Backup[]>;
  /** The bytes, if they still are those that were saved; else `StateUnreadable`. */
  read(backup: Pick<Backup, 'cluster' | 'id' | 'sha256'>): Promise<Uint8Array>;
  /** The bytes first, then what tells of them, so that a half-written backup is none. Removes those of the cluster that are not kept any more. */
  save(backup: Backup, content: Uint8Array, retention: Retention): Promise<void>;
}

export function createBackupFolder(files: Files, stateFolder: string): BackupFolder {
  const root = `${stateFolder}/backups`;
  const listOf = async (cluster: string): Promise<readonly Backup[]> => {
    const names = (await files.list(`${root}/${cluster}`)).filter((name) => name.endsWith('.json'));
    const read = names.map(async (name) => readBackup(await files.read(`${root}/${cluster}/${name}`), cluster, name));
    const told = (await Promise.all(read)).flat();
    const sizes = await Promise.all(told.map(({ id }) => files.stat(`${root}/${cluster}/${id}`)));
    return told.filter((backup, index) => sizes[index]?.sizeBytes === backup.sizeBytes).sort((a, b) => a.atMs - b.atMs);
  };
  return {
    async list() {
      const clusters = await files.list(root);
      return (await Promise.all(clusters.map(listOf))).flat();
    },
    async read({ cluster, id, sha256 }) {
      const path = `${root}/${safeName(cluster)}/${safeName(id)}`;
      const content = await files.readBytes(path, MOST_BYTES);
      if (content && createHash('sha256').update(content).digest('hex') === sha256) return content;
      throw damaged(path, content === null);
    },
    async save(backup, content, retention) {
      const folder = `${root}/${safeName(backup.cluster)}`;
      const path = `${folder}/${safeName(backup.id)}`;
      await files.ensureFolder(folder, 0o700);
      await files.write(path, content, { mode: 0o600 });
      await files.write(`${path}.json`, `${JSON.stringify(backup, null, 1)}\n`, { mode: 0o600 });
      for (const old of expiredBackups(await listOf(backup.cluster), retention)) {
        await files.removeFile(`${folder}/${safeName(old.id)}.json`);
        await files.removeFile(`${folder}/${safeName(old.id)}`);
      }
    },
  };
}

function damaged(path: string, isMissing: boolean): KreError {
  return new KreError({
    code: 'StateUnreadable',
    message: `${path} ${isMissing ? 'is missing' : 'is not what was saved: its digest is another one'}`,
    hint: 'Take another backup (kreconcile backup list), or put this file back from a copy.',
    disposition: 'stalled',
  });
}

/** What a file tells, if it is what its place says. */
function readBackup(text: string | null, cluster: string, name: string): readonly Backup[] {
  if (text === null) return [];
  try {
    const value: unknown = JSON.parse(text);
    return isBackup(value) && value.cluster === cluster && name === `${value.id}.json` ? [value] : [];
  } catch {
    return [];
  }
}
