import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Files } from '../model/ports.ts';
import { GitFailure, gitConfiguration, runGit } from './git-program.ts';
import { removeOldFolders } from './revision-folders.ts';

const localTimeoutMs = 60_000;

const soundness = ['fsck', '--connectivity-only', '--no-dangling', '--no-progress'];
const followed = 'refs/kreconcile/followed';
const kept = 'refs/kreconcile/kept';

/**
 * The bare mirror and the checkouts of one repository in the state folder:
 * `<root>/mirror.git`, `<root>/revisions/<commit>`. Methods throw `GitFailure`.
 */
export interface GitMirror {
  /** Folder in which commands that need no repository run. */
  readonly root: string;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Runs git in the mirror, with `more` in its environment; what it prints. */
  git(args: readonly string[], more?: Readonly<Record<string, string>>): Promise<string>;
  /** Makes the folder and the configuration that every git command here runs with. */
  prepareRoot(): Promise<void>;
  /** Makes, where it is missing or of another object format, an empty mirror. */
  prepare(commitLength: number): Promise<void>;
  /** Removes the mirror; checkouts stay. */
  discard(): Promise<void>;
  /** The commit that was fetched last, `null` before. */
  followed(): Promise<string | null>;
  has(commit: string): Promise<boolean>;
  /** Whether everything is there that the fetched commits name. Reads much: for when something has failed. */
  isSound(): Promise<boolean>;
  /** Whether `commit`'s history has `ancestor` in it. */
  contains(commit: string, ancestor: string): Promise<boolean>;
  /** Whether `path` is a folder in the commit. */
  hasFolder(commit: string, path: string): Promise<boolean>;
  /** Writes the folder `path` of the commit to its place, whole or not at all, and returns it. */
  checkOut(commit: string, path: string): Promise<string>;
  /** Guards a commit against git's cleaning and removes old checkouts. */
  keep(commit: string, previous: string | null): Promise<void>;
}

/** `+refs/heads/main` to the one ref that we follow, so that a renamed branch leaves nothing behind. */
export function refspec(branch: string): string {
  return `+refs/heads/${branch}:${followed}`;
}

export function openMirror(files: Files, root: string): GitMirror {
  const folder = join(root, 'mirror.git');
  const revisions = join(root, 'revisions');
  const configuration = join(root, 'gitconfig');
  const environment = { GIT_CONFIG_GLOBAL: configuration, GIT_CEILING_DIRECTORIES: dirname(root) };
  const git = (args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<string> =>
    runGit({ args, folder, environment: { GIT_DIR: folder, ...environment, ...more }, timeoutMs: localTimeoutMs });
  const resolve = (name: string): Promise<string | null> => orNull(git(['rev-parse', '--verify', '--quiet', name]));
  const has = async (commit: string): Promise<boolean> => (await resolve(`${commit}^{commit}`)) !== null;

  return {
    root,
    folder,
    environment,
    git,
    has,
    followed: () => resolve(`${followed}^{commit}`),
    isSound: async () => (await orNull(git(soundness))) !== null,
    discard: () => files.removeFolder(folder),
    async prepareRoot() {
      await files.ensureFolder(root);
      if ((await files.read(configuration)) !== gitConfiguration) await files.write(configuration, gitConfiguration);
    },
    async prepare(commitLength) {
      await files.ensureFolder(revisions);
      const format = commitLength === 64 ? 'sha256' : 'sha1';
      if ((await files.stat(join(folder, 'HEAD'))) !== null) {
        if ((await orNull(git(['rev-parse', '--show-object-format']))) === format) return;
        await files.removeFolder(folder);
      }
      await files.ensureFolder(folder);
      await git(['init', '--quiet', '--bare', `--object-format=${format}`, '--initial-branch=main', folder]);
    },
    async contains(commit, ancestor) {
      if (commit === ancestor) return true;
      if (!(await has(ancestor))) return false;
      return (await git(['rev-list', '--max-count=1', ancestor, `^${commit}`])).trim() === '';
    },
    async hasFolder(commit, path) {
      return (await orNull(git(['cat-file', '-t', `${commit}:${path}`]))) === 'tree';
    },
    async checkOut(commit, path) {
      const target = join(revisions, checkoutName(commit, path));
      const work = join(revisions, `.new-${checkoutName(commit, path)}`);
      await files.removeFolder(work);
      await files.ensureFolder(join(work, 'tree'));
      const place = { GIT_WORK_TREE: join(work, 'tree'), GIT_INDEX_FILE: join(work, 'index') };
      await git(['read-tree', '--reset', '-u', `${commit}:${path}`], place);
      await files.removeFolder(target);
      await files.rename(join(work, 'tree'), target);
      await files.removeFolder(work);
      return target;
    },
    async keep(commit, previous) {
      await git(['update-ref', kept, commit]);
      await removeOldFolders(files, revisions, (name) => isOf(name, commit) || isOf(name, previous));
    },
  };
}

/** The same commit with another folder asked for is another checkout. */
function checkoutName(commit: string, path: string): string {
  return path === '' ? commit : `${commit}-${createHash('sha256').update(path).digest('hex').slice(0, 8)}`;
}

function isOf(name: string, commit: string | null): boolean {
  return commit !== null && (name === commit || name.startsWith(`${commit}-`));
}

async function orNull(result: Promise<string>): Promise<string | null> {
  try {
    return (await result).trim();
  } catch (thrown) {
    if (thrown instanceof GitFailure && thrown.kind === 'failed') return null;
    throw thrown;
  }
}
