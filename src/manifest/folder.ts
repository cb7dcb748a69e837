import { join, relative } from 'node:path';
import { toKreError } from '../model/error.ts';
import type { FileStat, Files } from '../model/ports.ts';
import type { Problem } from '../model/problem.ts';
import { fileProblem, limits, type ManifestFile, tooLarge } from './document.ts';

/** Names that are looked at below one folder, so that a wrong path such as `/` ends soon. */
const maxEntries = 20_000;
const maxDepth = 20;
const maxTotalBytes = 16 * 2 ** 20;
/** CNI manifests with their definitions are larger than manifests of ours. */
const maxAttachmentBytes = 4 * 2 ** 20;

export interface FolderContent {
  readonly files: readonly ManifestFile[];
  readonly problems: readonly Problem[];
}

interface Walk {
  readonly files: Files;
  /** The folder with every link followed: what is read must be below it. */
  readonly root: string;
  readonly found: ManifestFile[];
  readonly problems: Problem[];
  entries: number;
  totalBytes: number;
}

/** Every manifest file below a folder, in no promised order. Links are followed to files inside the folder only. */
export async function readFolder(files: Files, folder: string): Promise<FolderContent> {
  const refused: Problem[] = [];
  const root = await attempt(refused, folder, () => files.realPath(folder));
  const stat = root === null ? null : await attempt(refused, folder, () => files.stat(root));
  if (refused.length > 0) return { files: [], problems: refused };
  if (root === null || stat?.kind !== 'folder') return { files: [], problems: [missingFolder(folder, stat)] };
  const walk: Walk = { files, root, found: [], problems: [], entries: 0, totalBytes: 0 };
  await walkFolder(walk, root, 0);
  if (walk.entries > maxEntries) walk.problems.push(tooMuch(folder, `${maxEntries} files`));
  if (walk.totalBytes > maxTotalBytes)
    walk.problems.push(tooMuch(folder, `${maxTotalBytes / 2 ** 20} MiB of manifests`));
  return { files: walk.found, problems: walk.problems };
}

/** Text of files that manifests name, by path below the folder. What is missing is left out. */
export async function readAttachments(
  files: Files,
  folder: string,
  paths: readonly string[],
): Promise<{ readonly texts: Readonly<Record<string, string>>; readonly problems: readonly Problem[] }> {
  const texts: Record<string, string> = {};
  const problems: Problem[] = [];
  const root = await attempt([], folder, () => files.realPath(folder));
  for (const path of root === null ? [] : paths) {
    const real = await attempt(problems, path, () => files.realPath(join(folder, path)));
    if (real === null) continue;
    if (root !== null && !isBelow(root, real)) problems.push(leaves(path));
    else {
      const text = await attempt(problems, path, () => files.read(real, maxAttachmentBytes));
      if (text !== null) texts[path] = text;
    }
  }
  return { texts, problems };
}

async function walkFolder(walk: Walk, folder: string, depth: number): Promise<void> {
  const names = await attempt(walk.problems, relative(walk.root, folder) || '.', () => walk.files.list(folder));
  for (const name of names ?? []) {
    if (name.startsWith('.')) continue;
    if (++walk.entries > maxEntries) return;
    const path = join(folder, name);
    const stat = await attempt(walk.problems, relative(walk.root, path), () => walk.files.stat(path));
    if (stat?.kind === 'folder' && depth < maxDepth) await walkFolder(walk, path, depth + 1);
    else if (stat?.kind === 'file' && isManifestName(name)) await readManifest(walk, path, path, stat);
    else if (stat?.kind === 'symlink') await followLink(walk, path, name);
  }
}

async function followLink(walk: Walk, path: string, name: string): Promise<void> {
  // A link in a circle, or through a folder that we may not enter, leads nowhere for us.
  const real = await attempt([], path, () => walk.files.realPath(path));
  const stat = real === null ? null : await attempt([], path, () => walk.files.stat(real));
  if (stat?.kind !== 'folder' && !isManifestName(name)) return;
  const shown = relative(walk.root, path);
  if (real === null || stat === null) walk.problems.push(leadsNowhere(shown));
  else if (!isBelow(walk.root, real)) walk.problems.push(leaves(shown));
  else if (stat.kind === 'folder') walk.problems.push(linkToFolder(shown));
  else if (stat.kind === 'file') await readManifest(walk, path, real, stat);
}

async function readManifest(walk: Walk, path: string, real: string, stat: FileStat): Promise<void> {
  const shown = relative(walk.root, path);
  if (stat.sizeBytes > limits.fileBytes) {
    walk.problems.push(tooLarge(shown, stat.sizeBytes));
    return;
  }
  walk.totalBytes += stat.sizeBytes;
  if (walk.totalBytes > maxTotalBytes) return;
  const content = await attempt(walk.problems, shown, () => walk.files.read(real, limits.fileBytes));
  if (content !== null) walk.found.push({ path: shown, content });
}

/** What the machine refuses becomes a problem of the file: one file without permission must not hide the others. */
async function attempt<T>(problems: Problem[], path: string, act: () => Promise<T>): Promise<T | null> {
  try {
    return await act();
  } catch (thrown) {
    const { code, message, hint } = toKreError(thrown);
    problems.push(
      fileProblem(path, { code, found: 'a file that cannot be read', allowed: 'a readable file', message, hint }),
    );
    return null;
  }
}

function isManifestName(name: string): boolean {
  return name.endsWith('.yaml') || name.endsWith('.yml');
}

function isBelow(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith('/') ? root : `${root}/`);
}

function missingFolder(folder: string, stat: FileStat | null): Problem {
  const found = stat ? 'something that is no folder' : 'nothing';
  const message = stat ? 'the manifest folder is no folder' : 'the manifest folder does not exist';
  const hint = 'Correct the path; `kreconcile init` writes a folder to begin with.';
  return fileProblem(folder, { code: 'SourceMissing', found, allowed: 'a folder with manifests', message, hint });
}

function tooMuch(folder: string, limit: string): Problem {
  const hint = 'Name the folder that holds the manifests alone.';
  const message = `the folder holds more than ${limit}`;
  return fileProblem(folder, {
    code: 'ManifestLimit',
    found: `more than ${limit}`,
    allowed: `at most ${limit}`,
    message,
    hint,
  });
}

function leaves(path: string): Problem {
  return unsafe(path, 'a link out of the folder', 'the link leads out of the manifest folder');
}

function leadsNowhere(path: string): Problem {
  return unsafe(path, 'a link to nothing', 'the link leads nowhere');
}

function linkToFolder(path: string): Problem {
  return unsafe(path, 'a link to a folder', 'links to folders are not followed');
}

function unsafe(path: string, found: string, message: string): Problem {
  const allowed = 'a file, or a link to a file inside the folder';
  return fileProblem(path, {
    code: 'ManifestUnsafePath',
    found,
    allowed,
    message,
    hint: 'Put the file itself there, or remove the link.',
  });
}
