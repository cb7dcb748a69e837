/**
 * The Files port. What is written survives a crash at any instant: a file is replaced whole, and the folder that holds
 * the name is synced too, because a rename alone may be lost with the power.
 */
import { lstat, open, readdir, realpath, rename, rm, statfs, unlink } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import type { FileStat, Files } from '../model/ports.ts';
import { fileError, isMissing, unreadable } from './file-errors.ts';
import { ensureFolder, ownerAbove, syncFolder } from './folder.ts';
import { groupId } from './group.ts';
import { readBounded, readBoundedBytes } from './read-bounded.ts';

const defaultFileMode = 0o600;

/** The machine's files. */
export const systemFiles: Files = {
  read: (path, maxBytes) => attempt('read', path, () => readBounded(path, maxBytes)),
  write: (path, content, options) => attempt('write', path, () => writeWhole(path, content, options)),
  readBytes: (path, maxBytes) => attempt('read', path, () => readBoundedBytes(path, maxBytes)),
  append: (path, text) => attempt('write', path, () => appendDurably(path, text)),
  ensureFolder: (path, mode) => attempt('make the folder', path, () => ensureFolder(path, mode)),
  list: (path) =>
    orWhenMissing(
      [],
      attempt('list', path, () => readdir(path).then((names) => names.sort())),
    ),
  stat: (path) =>
    orWhenMissing(
      null,
      attempt('look at', path, () => statOf(path)),
    ),
  realPath: (path) =>
    orWhenMissing(
      null,
      attempt('resolve', path, () => realpath(path)),
    ),
  rename: (from, to) => attempt('rename', from, () => renameDurably(from, to)),
  removeFile: (path) =>
    orWhenMissing(
      undefined,
      attempt('remove', path, () => removeDurably(path)),
    ),
  removeFolder: (path) => attempt('remove', path, () => removeTree(path)),
  freeBytes: (path) => attempt('measure', path, () => freeBytes(path)),
};

async function attempt<T>(verb: string, path: string, act: () => Promise<T>): Promise<T> {
  requireAbsolute(path);
  try {
    return await act();
  } catch (thrown) {
    throw fileError(verb, path, thrown);
  }
}

async function orWhenMissing<T, Missing>(missing: Missing, result: Promise<T>): Promise<T | Missing> {
  try {
    return await result;
  } catch (thrown) {
    if (isMissing(thrown instanceof Error ? thrown.cause : undefined)) return missing;
    throw thrown;
  }
}

function requireAbsolute(path: string): void {
  if (!isAbsolute(path) || path.includes('\0')) throw unreadable(`not an absolute path: ${JSON.stringify(path)}`);
}

async function writeWhole(
  path: string,
  content: string | Uint8Array,
  options: { readonly mode?: number; readonly group?: string } = {},
): Promise<void> {
  const { default: writeFileAtomic } = await import('write-file-atomic');
  const owner =
    options.group === undefined
      ? await newOwner(path)
      : { chown: { uid: ownUser(), gid: await groupId(options.group) } };
  const bytes =
    typeof content === 'string' ? content : Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  await writeFileAtomic(path, bytes, { mode: options.mode ?? defaultFileMode, ...owner });
  await syncFolder(dirname(path));
}

async function appendDurably(path: string, text: string): Promise<void> {
  const owner = await newOwner(path);
  const handle = await open(path, 'a', defaultFileMode);
  try {
    if (owner.chown) await handle.chown(owner.chown.uid, owner.chown.gid);
    await handle.write(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** A file that is replaced keeps its owner; a new one gets that of its folder. */
async function newOwner(path: string): Promise<{ chown?: { uid: number; gid: number } }> {
  const owner = (await statOrNull(path)) ? null : await ownerAbove(path);
  return owner ? { chown: owner } : {};
}

async function statOrNull(path: string) {
  return lstat(path).catch(() => null);
}

function ownUser(): number {
  return process.getuid?.() ?? 0;
}

async function statOf(path: string): Promise<FileStat> {
  const stat = await lstat(path);
  const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : stat.isSymbolicLink() ? 'symlink' : 'other';
  const { size: sizeBytes, mtimeMs: modifiedMs } = stat;
  return { kind, sizeBytes, allocatedBytes: stat.blocks * 512, modifiedMs, mode: stat.mode & 0o7777 };
}

async function renameDurably(from: string, to: string): Promise<void> {
  requireAbsolute(to);
  await rename(from, to);
  await syncFolder(dirname(to));
  if (dirname(from) !== dirname(to)) await syncFolder(dirname(from));
}

async function removeDurably(path: string): Promise<void> {
  await unlink(path);
  await syncFolder(dirname(path));
}

async function removeTree(path: string): Promise<void> {
  if (dirname(path) === path) throw unreadable('the root folder is never removed');
  await rm(path, { recursive: true, force: true });
}

/** Of the file system that the path is on or, as long as it does not exist, will be on. */
async function freeBytes(path: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch (thrown) {
    if (!isMissing(thrown) || dirname(path) === path) throw thrown;
    return freeBytes(dirname(path));
  }
}
