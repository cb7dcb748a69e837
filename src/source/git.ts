import { basename, dirname, join, sep } from 'node:path';
import type { GitSourceConfig } from '../model/agent-config.ts';
import { KreError } from '../model/error.ts';
import type { Files, Log } from '../model/ports.ts';
import { gitAccess } from './git-access.ts';
import { ownTrouble, remoteError } from './git-errors.ts';
import { type GitMirror, openMirror, refspec } from './git-mirror.ts';
import { GitFailure, runGit } from './git-program.ts';
import { createSignatureCheck, type SignatureCheck } from './git-signatures.ts';
import { type GitUrl, parseGitUrl } from './git-url.ts';
import type { Fetched, Source } from './source.ts';
import { branchMissing, sourceMissing } from './source-errors.ts';
import { type WatchedPaths, watchPaths } from './watch-paths.ts';

export interface GitSourceOptions {
  readonly files: Files;
  readonly log: Log;
  readonly config: GitSourceConfig;
  /** Mirror and checkouts live in `source/` of it. One process at a time. */
  readonly stateFolder: string;
  /** systemd's `$CREDENTIALS_DIRECTORY`, if any. */
  readonly credentialsFolder?: string | null;
  readonly signal?: AbortSignal;
  /** Deadlines; asking what the branch points to, and bringing the commits. Defaults 30 s and 5 min. */
  readonly timeouts?: { readonly askMs: number; readonly fetchMs: number };
}

const defaultTimeouts = { askMs: 30_000, fetchMs: 300_000 };

/** A repository that git reaches. An address that cannot be one is `ConfigInvalid` right away. */
export function gitSource(options: GitSourceOptions): Source {
  const url = parseGitUrl(options.config.url);
  const mirror = openMirror(options.files, join(options.stateFolder, 'source'));
  const { branch, path, pollMs, verify } = options.config;
  const signatures = createSignatureCheck(options.files, verify, join(options.stateFolder, 'source', 'gnupg'));
  const follower: Follower = { options, url, mirror, signatures, checkedOut: new Map() };
  return {
    describe: () => ({ url: url.shown }),
    identity: JSON.stringify(['git', url.shown, branch, path]),
    pollMs,
    fetch: (lastGood) => fetchRevision(follower, lastGood),
    async keep({ revision, folder }, previous) {
      await mirror.keep(revision, previous).catch((thrown: unknown) => failOwn(thrown));
      return folder;
    },
    async restore(revision) {
      try {
        return (await mirror.has(revision)) ? await mirror.checkOut(revision, path) : null;
      } catch (thrown) {
        if (thrown instanceof GitFailure) return null;
        throw thrown;
      }
    },
    watch: (onPoke) => {
      if (url.localPath === null) return { ready: Promise.resolve(), stop: () => Promise.resolve() };
      return watchPaths({ find: () => findRefs(follower), retryMs: pollMs, log: options.log }, onPoke);
    },
  };
}

interface Follower {
  readonly options: GitSourceOptions;
  readonly url: GitUrl;
  readonly mirror: GitMirror;
  readonly signatures: SignatureCheck;
  /** By commit: checkouts that this process made. Those of an earlier one may be damaged by a power loss. */
  readonly checkedOut: Map<string, string>;
}

/** What is wrong with the revision itself, not with our copy of it. */
const ofRevision: ReadonlySet<string> = new Set(['SourceMissing', 'SourceUnverified', 'ConfigInvalid']);

async function fetchRevision(follower: Follower, lastGood: string | null): Promise<Fetched> {
  const { options, url, mirror } = follower;
  const { credentialsFolder = null, files } = options;
  const access = await gitAccess({ files, url, credentials: options.config.credentials, credentialsFolder });
  await mirror.prepareRoot();
  const head = await askRemote(follower, access);
  try {
    return await obtain(follower, access, head, lastGood);
  } catch (thrown) {
    // The remote answered just before, so what fails now may be our own copy; that can be made anew.
    if ((thrown instanceof KreError && ofRevision.has(thrown.code)) || (await isMirrorSound(mirror))) failOwn(thrown);
    options.log.warn({ source: url.shown }, 'mirror of the source is damaged and is made anew');
    await mirror.discard();
    return await obtain(follower, access, head, lastGood).catch((again: unknown) => failOwn(again));
  }
}

/** Brings the commits into the mirror, unless they are there, and writes the checkout. */
async function obtain(
  follower: Follower,
  access: Readonly<Record<string, string>>,
  head: RemoteHead,
  lastGood: string | null,
): Promise<Fetched> {
  const { options, url, mirror } = follower;
  const { path } = options.config;
  const label = `branch ${head.branch} of ${url.shown}`;
  await mirror.prepare(head.commit.length);
  if ((await mirror.followed()) !== head.commit) {
    const environment = { ...access, GIT_DIR: mirror.folder };
    const args = [
      '--quiet',
      '--no-tags',
      '--no-recurse-submodules',
      '--no-write-fetch-head',
      '--force',
      '--',
      url.argument,
    ];
    await atRemote(follower, environment, 'fetchMs', ['fetch', ...args, refspec(head.branch)]);
  }
  // The branch may have moved on since it was asked about; what was brought counts.
  const revision = await mirror.followed();
  if (revision === null) throw new GitFailure('failed', 'the fetched branch is not in the mirror');
  await follower.signatures.verify(mirror, revision, lastGood, label);
  if (path !== '' && !(await mirror.hasFolder(revision, path))) {
    throw sourceMissing(`${label} has no folder ${JSON.stringify(path)} at ${revision.slice(0, 12)}`);
  }
  const folder = follower.checkedOut.get(revision) ?? (await mirror.checkOut(revision, path));
  follower.checkedOut.set(revision, folder);
  return {
    revision,
    folder,
    containsLastGood: lastGood === null || (await mirror.contains(revision, lastGood)),
    label,
  };
}

async function isMirrorSound(mirror: GitMirror): Promise<boolean> {
  return mirror.isSound().catch(() => true);
}

interface RemoteHead {
  readonly branch: string;
  readonly commit: string;
}

/** What the branch points to now: one short question, so that a poll of an unchanged repository costs no more. */
async function askRemote(follower: Follower, access: Readonly<Record<string, string>>): Promise<RemoteHead> {
  const { options, url } = follower;
  const wanted = options.config.branch;
  const lines = await atRemote(follower, access, 'askMs', [
    'ls-remote',
    '--symref',
    '--',
    url.argument,
    'HEAD',
    'refs/heads/*',
  ]);
  const pairs = lines.split('\n').map((line) => line.split('\t'));
  const symbolic = pairs.find(([left, name]) => name === 'HEAD' && left?.startsWith('ref: '))?.[0];
  const branch = wanted ?? symbolic?.slice('ref: refs/heads/'.length) ?? null;
  const commit = pairs.find(([, name]) => branch !== null && name === `refs/heads/${branch}`)?.[0];
  if (branch !== null && commit !== undefined && /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(commit))
    return { branch, commit };
  const branches = pairs.flatMap(([, name]) =>
    name?.startsWith('refs/heads/') ? [name.slice('refs/heads/'.length)] : [],
  );
  throw branchMissing(url.shown, wanted, branches);
}

async function atRemote(
  { options, url, mirror }: Follower,
  access: Readonly<Record<string, string>>,
  deadline: 'askMs' | 'fetchMs',
  args: readonly string[],
): Promise<string> {
  const timeoutMs = (options.timeouts ?? defaultTimeouts)[deadline];
  const environment = { ...mirror.environment, ...access };
  try {
    return await runGit({ args, folder: mirror.root, environment, timeoutMs, signal: options.signal });
  } catch (thrown) {
    throw remoteError(thrown, url.shown, timeoutMs);
  }
}

/** A command on our own copy failed. */
function failOwn(thrown: unknown): never {
  if (!(thrown instanceof GitFailure)) throw thrown;
  throw ownTrouble(thrown) ?? remoteError(thrown, 'the mirror in the state folder', 0);
}

/** Where a repository of this host keeps its branches. Also right for a linked work tree. */
async function findRefs({ url, mirror }: Follower): Promise<WatchedPaths | null> {
  await mirror.prepareRoot();
  const args = ['rev-parse', '--path-format=absolute', '--git-common-dir', '--absolute-git-dir'];
  const environment = mirror.environment;
  const printed = await runGit({ args, folder: url.localPath ?? '', environment, timeoutMs: 10_000 });
  const [common] = printed.split('\n');
  if (common === undefined || common === '') return null;
  return { root: common, isIgnored: (path) => path !== common && !isRef(path.slice(common.length + 1)) };
}

/** Paths inside a git folder that change when a branch does; git replaces files by renaming a `.lock`. */
function isRef(path: string): boolean {
  if (basename(path).endsWith('.lock')) return false;
  const [first = ''] = path.split(sep);
  if (first === 'refs') return path === 'refs' || dirname(path) === 'refs' || path.startsWith(join('refs', 'heads'));
  return ['HEAD', 'packed-refs', 'reftable'].includes(first);
}
