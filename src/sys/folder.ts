import { chmod, mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode, unreadable } from './file-errors.ts';

const defaultFolderMode = 0o700;

/** Makes the folder and its parents; the mode holds whatever the umask says, and an existing folder keeps its own. */
export async function ensureFolder(path: string, mode: number = defaultFolderMode): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  try {
    await mkdir(path, { mode });
  } catch (thrown) {
    if (systemCode(thrown) !== 'EEXIST') throw thrown;
    if (!(await stat(path)).isDirectory()) throw unreadable(`${path} should be a folder and is none`, thrown);
    return;
  }
  await chmod(path, mode);
  await syncFolder(dirname(path));
}

/** Makes names in the folder durable. A folder that may be written and not read cannot be synced, and need not be. */
export async function syncFolder(path: string): Promise<void> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(path, 'r');
  } catch {
    return;
  }
  try {
    await handle.sync();
  } catch (thrown) {
    // Some file systems (9p, a few FUSE ones) know no sync of folders.
    if (systemCode(thrown) !== 'EINVAL' && systemCode(thrown) !== 'ENOTSUP') throw thrown;
  } finally {
    await handle.close();
  }
}
