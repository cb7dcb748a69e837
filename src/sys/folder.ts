import { chmod, lchown, mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode, unreadable } from './file-errors.ts';

const defaultFolderMode = 0o700;

/** Makes the folder and its parents; the mode holds whatever the umask says, and an existing folder keeps its own. */
export async function ensureFolder(path: string, mode: number = defaultFolderMode): Promise<void> {
  const topmost = (await mkdir(dirname(path), { recursive: true })) ?? path;
  try {
    await mkdir(path, { mode });
  } catch (thrown) {
    if (systemCode(thrown) !== 'EEXIST') throw thrown;
    if (!(await stat(path)).isDirectory()) throw unreadable(`${path} should be a folder and is none`, thrown);
    return;
  }
  await chmod(path, mode);
  await giveToOwnerAbove(topmost, path);
  await syncFolder(dirname(path));
}

/**
 * Whose the folder is that a new file or folder comes into, when root makes it and it is somebody else's; else `null`. So a command that a person runs
 * as root leaves nothing in the agent's folders that the agent cannot read.
 */
export async function ownerAbove(path: string): Promise<{ readonly uid: number; readonly gid: number } | null> {
  if (process.getuid?.() !== 0) return null;
  const { uid, gid } = await stat(dirname(path));
  return uid === 0 ? null : { uid, gid };
}

/** Gives the folders from `topmost` down to `path` to the owner of what they were made in. */
async function giveToOwnerAbove(topmost: string, path: string): Promise<void> {
  const owner = await ownerAbove(topmost);
  if (!owner) return;
  for (let folder = path; folder.startsWith(topmost); folder = dirname(folder))
    await lchown(folder, owner.uid, owner.gid);
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
