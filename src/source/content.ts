import { createHash } from 'node:crypto';
import { join, sep } from 'node:path';
import type { Files } from '../model/ports.ts';

/** The bounds of the manifest loader, so that what it reads is read here too. */
const maxFileBytes = 4 * 2 ** 20;
const maxTotalBytes = 64 * 2 ** 20;
const maxEntries = 20_000;
const maxDepth = 20;

export interface ContentFile {
  /** Relative to the folder. */
  readonly path: string;
  /** `null` where it is too large or leads out of the folder: the manifest loader says so. */
  readonly text: string | null;
}

/** Every file below a folder, hidden names aside, in a fixed order: manifests may name files of any kind. */
export async function readContent(files: Files, folder: string): Promise<readonly ContentFile[]> {
  const root = await files.realPath(folder);
  if (root === null) return [];
  const found: ContentFile[] = [];
  let entries = 0;
  let roomBytes = maxTotalBytes;
  const visit = async (below: string, depth: number): Promise<void> => {
    for (const name of await files.list(join(root, below))) {
      if (name.startsWith('.') || ++entries > maxEntries) continue;
      const path = join(below, name);
      const stat = await files.stat(join(root, path));
      if (stat?.kind === 'folder' && depth < maxDepth) await visit(path, depth + 1);
      else if (stat?.kind === 'file' || stat?.kind === 'symlink') {
        const text = await textOf(files, root, path, Math.min(maxFileBytes, roomBytes));
        roomBytes -= text?.length ?? 0;
        found.push({ path, text });
      }
    }
  };
  await visit('', 0);
  return found;
}

/** SHA-256 in hexadecimal over paths and texts: the same for a folder and for its copy. */
export function contentDigest(content: readonly ContentFile[]): string {
  const hash = createHash('sha256');
  for (const { path, text } of content) hash.update(JSON.stringify([path, text]));
  return hash.digest('hex');
}

async function textOf(files: Files, root: string, path: string, maxBytes: number): Promise<string | null> {
  const real = await files.realPath(join(root, path));
  if (real === null || !real.startsWith(root + sep)) return null;
  const stat = await files.stat(real);
  return stat?.kind === 'file' && stat.sizeBytes <= maxBytes ? files.read(real, maxFileBytes) : null;
}
