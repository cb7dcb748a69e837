import { basename, dirname, join, relative, sep } from 'node:path';
import { KreError } from '../model/error.ts';
import type { Files, Log } from '../model/ports.ts';
import { type ContentFile, contentDigest, readContent } from './content.ts';
import { removeOldFolders } from './revision-folders.ts';
import type { Fetched, Source } from './source.ts';
import { sourceMissing } from './source-errors.ts';
import { watchPaths } from './watch-paths.ts';

export interface FolderSourceOptions {
  readonly files: Files;
  readonly log: Log;
  /** Absolute. */
  readonly folder: string;
  readonly pollMs: number;
  /** Copies of good revisions live in `source/` of it. */
  readonly stateFolder: string;
}

/** A folder on this host. Its revision is `folder:` and 12 digits of its content's digest; it has no history. */
export function folderSource({ files, log, folder, pollMs, stateFolder }: FolderSourceOptions): Source {
  const revisions = join(stateFolder, 'source', 'revisions');
  return {
    describe: () => ({ url: folder }),
    identity: JSON.stringify(['folder', folder]),
    pollMs,
    async fetch() {
      const content = await readFolder(files, folder);
      return { revision: revisionOf(content), folder, containsLastGood: true, label: folder };
    },
    async keep(fetched, previous) {
      const copy = join(revisions, nameOf(fetched.revision));
      await writeCopy(files, fetched, copy);
      const used = [fetched.revision, previous ?? ''].map(nameOf);
      await removeOldFolders(files, revisions, (name) => used.includes(name));
      return copy;
    },
    // A copy that is damaged cannot be made anew: the folder itself has moved on.
    restore: () => Promise.resolve(null),
    watch: (onPoke) => {
      const find = async () =>
        (await isFolder(files, folder))
          ? { root: folder, isIgnored: (path: string) => isNoise(relative(folder, path)) }
          : null;
      return watchPaths({ find, retryMs: pollMs, log }, onPoke);
    },
  };
}

async function readFolder(files: Files, folder: string): Promise<readonly ContentFile[]> {
  try {
    if (await isFolder(files, folder)) return await readContent(files, folder);
  } catch (thrown) {
    throw sourceMissing(
      `${folder} could not be read: ${thrown instanceof KreError ? thrown.message : 'no reason given'}`,
    );
  }
  throw sourceMissing(`there is no folder ${folder}`);
}

async function isFolder(files: Files, folder: string): Promise<boolean> {
  const real = await files.realPath(folder);
  return real !== null && (await files.stat(real))?.kind === 'folder';
}

/** Writes what stands in the folder now, provided that it still is the revision that was read. */
async function writeCopy(files: Files, { revision, folder }: Fetched, copy: string): Promise<void> {
  const content = await readContent(files, folder);
  if (revisionOf(content) !== revision) throw sourceMissing(`${folder} changed while it was read; it is read again`);
  const work = join(dirname(copy), `.new-${basename(copy)}`);
  await files.removeFolder(work);
  await files.ensureFolder(dirname(copy));
  await files.ensureFolder(work);
  for (const { path, text } of content) {
    if (text === null) continue;
    await files.ensureFolder(dirname(join(work, path)));
    await files.write(join(work, path), text);
  }
  await files.removeFolder(copy);
  await files.rename(work, copy);
}

function revisionOf(content: readonly ContentFile[]): string {
  return `folder:${contentDigest(content).slice(0, 12)}`;
}

function nameOf(revision: string): string {
  return revision.replace(':', '-');
}

/** Hidden names are no manifests, and editors write them a lot. */
function isNoise(path: string): boolean {
  return path !== '' && (path.split(sep).some((name) => name.startsWith('.')) || path.endsWith('~'));
}
