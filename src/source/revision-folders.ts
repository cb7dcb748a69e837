import { join } from 'node:path';
import type { Files } from '../model/ports.ts';

/** Revisions whose folders are left when a new one is kept, beside those that are in use. */
const spareRevisions = 3;

/** Removes what a crash left and all but the latest folders; `isUsed` names those that stay in any case. */
export async function removeOldFolders(files: Files, folder: string, isUsed: (name: string) => boolean): Promise<void> {
  const names = (await files.list(folder)).filter((name) => !isUsed(name));
  const dated = await Promise.all(
    names.map(async (name) => ({ name, atMs: (await files.stat(join(folder, name)))?.modifiedMs ?? 0 })),
  );
  const finished = dated.filter(({ name }) => !name.startsWith('.')).sort((a, b) => b.atMs - a.atMs);
  const spare = new Set(finished.slice(0, spareRevisions).map(({ name }) => name));
  for (const { name } of dated) if (!spare.has(name)) await files.removeFolder(join(folder, name));
}
