import { dirname } from 'node:path';
import { toKreError } from '../model/error.ts';
import type { FileStat, Files } from '../model/ports.ts';

/** What stands at a path of the copy. */
type Kept =
  | { readonly kind: 'file'; readonly content: Buffer; readonly mode: number }
  | { readonly kind: 'folder' | 'missing' };

/** As large as a file may be that `read` reads without being told otherwise. */
const MOST_BYTES = 8 * 1024 * 1024;

type RealFiles = Pick<Files, 'readBytes' | 'list' | 'stat' | 'realPath' | 'freeBytes'>;

/** What is known of each path: as it was when it was first looked at, or as it was changed since. */
interface Shelf {
  load(path: string, maxBytes?: number): Promise<Kept>;
  put(path: string, entry: Kept): Promise<void>;
  names(path: string): Promise<readonly string[]>;
  stat(path: string): Promise<FileStat | null>;
  /** Forgets all below a folder. */
  clear(folder: string): Promise<void>;
}

/**
 * The real files as they were when each was first looked at, with every change kept in memory: nothing is ever written. What this user may not read
 * counts as missing.
 */
export function snapshotFiles(real: RealFiles): Files {
  const shelf = createShelf(real);
  const textOf = async (path: string, maxBytes?: number): Promise<string | null> => {
    const found = await shelf.load(path, maxBytes);
    return found.kind === 'file' ? found.content.toString('utf8') : null;
  };
  return {
    read: textOf,
    async readBytes(path, maxBytes) {
      const found = await shelf.load(path, maxBytes);
      return found.kind === 'file' ? found.content : null;
    },
    write: (path, content, options) =>
      shelf.put(path, { kind: 'file', content: bytesOf(content), mode: options?.mode ?? 0o600 }),
    append: async (path, text) =>
      shelf.put(path, { kind: 'file', content: Buffer.from(`${(await textOf(path)) ?? ''}${text}`), mode: 0o600 }),
    async ensureFolder(path) {
      if ((await shelf.stat(path)) === null) await shelf.put(path, { kind: 'folder' });
    },
    list: shelf.names,
    stat: shelf.stat,
    realPath: (path) => allowed(() => real.realPath(path), null),
    async rename(from, to) {
      await shelf.put(to, await shelf.load(from));
      await shelf.put(from, { kind: 'missing' });
    },
    removeFile: (path) => shelf.put(path, { kind: 'missing' }),
    removeFolder: shelf.clear,
    freeBytes: (path) => real.freeBytes(path),
  };
}

function createShelf(real: RealFiles): Shelf {
  const kept = new Map<string, Kept>();
  const listed = new Map<string, readonly string[]>();
  const stats = new Map<string, FileStat | null>();
  const shelf: Shelf = {
    async load(path, maxBytes) {
      const known = kept.get(path);
      if (known) return known;
      const content = await allowed(() => real.readBytes(path, maxBytes ?? MOST_BYTES), null);
      const found: Kept = content ? { kind: 'file', content: Buffer.from(content), mode: 0o600 } : { kind: 'missing' };
      kept.set(path, found);
      return found;
    },
    async put(path, entry) {
      const folder = dirname(path);
      const name = path.slice(folder.length + 1);
      const others = (await shelf.names(folder)).filter((other) => other !== name);
      listed.set(folder, entry.kind === 'missing' ? others : [...others, name].sort());
      kept.set(path, entry);
      stats.set(path, entry.kind === 'missing' ? null : statOf(entry));
    },
    async names(path) {
      const known = listed.get(path) ?? (await allowed(() => real.list(path), []));
      listed.set(path, known);
      return known;
    },
    async stat(path) {
      const known = stats.get(path);
      if (known !== undefined) return known;
      const found = await allowed(() => real.stat(path), null);
      stats.set(path, found);
      return found;
    },
    async clear(folder) {
      const below = [...kept.keys()].filter((path) => path.startsWith(`${folder}/`));
      for (const path of below) await shelf.put(path, { kind: 'missing' });
      listed.set(folder, []);
      await shelf.put(folder, { kind: 'missing' });
    },
  };
  return shelf;
}

function bytesOf(content: string | Uint8Array): Buffer {
  return typeof content === 'string' ? Buffer.from(content) : Buffer.from(content);
}

function statOf(entry: Kept): FileStat {
  const isFile = entry.kind === 'file';
  return {
    kind: isFile ? 'file' : 'folder',
    sizeBytes: isFile ? entry.content.length : 0,
    allocatedBytes: isFile ? entry.content.length : 0,
    modifiedMs: 0,
    mode: isFile ? entry.mode : 0o700,
  };
}

async function allowed<T>(look: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await look();
  } catch (thrown) {
    if (toKreError(thrown).code === 'StatePermission') return otherwise;
    throw thrown;
  }
}
