/**
 * What is to be enforced. A revision is taken over only when it was fetched, contains the one before, is valid and is kept
 * in the state folder; until then the last good one stays, also over a restart, and `problem` says why.
 */
import { toKreError } from '../model/error.ts';
import type { ManifestSet } from '../model/manifest.ts';
import type { Clock, Files, Log } from '../model/ports.ts';
import { hintOf, type Problem, problemLines } from '../model/problem.ts';
import type { SourceStatus } from '../model/status.ts';
import { contentDigest, readContent } from './content.ts';
import { type LastGood, readLastGood, writeLastGood } from './last-good.ts';
import type { Fetched, Source } from './source.ts';
import { sourceRewound } from './source-errors.ts';

const maxDetails = 100;

/** Reads the manifests of a folder; `loadManifestFolder` of src/manifest behind an adapter. Throws nothing of its own. */
export type LoadManifests = (folder: string, revision: string) => Promise<LoadedManifests>;
export type LoadedManifests =
  | { readonly ok: true; readonly set: ManifestSet }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export interface EnforcedRevision {
  readonly revision: string;
  readonly set: ManifestSet;
  /** The kept folder; to be read only. */
  readonly folder: string;
}

export interface DesiredState {
  /** `null` before the first valid revision: then nothing is done. */
  readonly enforced: EnforcedRevision | null;
  /** The revision that was seen last, good or not. */
  readonly attempted: string | null;
  readonly problem: SourceStatus['problem'];
  /** When the source was last asked, whatever came of it; ms since epoch. */
  readonly checkedAtMs: number | null;
}

export interface SourceKeeper {
  /** What holds now; no IO. */
  current(): DesiredState;
  /** Takes the last good revision from the state folder. For the start of the agent; asks no remote. */
  restore(): Promise<DesiredState>;
  /**
   * Asks the source and takes over what is good. May take as long as the network does, so no pass awaits it. A call while
   * one runs gets that one's result. `accepted`: revisions that a person confirmed although they rewind the branch, in
   * full or by their first seven digits or more.
   */
  refresh(accepted: readonly string[]): Promise<DesiredState>;
}

export interface SourceKeeperOptions {
  readonly source: Source;
  readonly load: LoadManifests;
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Log;
  readonly stateFolder: string;
}

export function createSourceKeeper(options: SourceKeeperOptions): SourceKeeper {
  const { source, files, clock, log, stateFolder } = options;
  let state: DesiredState = { enforced: null, attempted: null, problem: null, checkedAtMs: null };
  /** Known also where the enforced revision could not be loaded again. */
  let lastGood: LastGood | null = null;
  let running: Promise<DesiredState> | null = null;

  const look = async (accepted: readonly string[]): Promise<DesiredState> => {
    const comparable = lastGood?.identity === source.identity ? lastGood.revision : null;
    try {
      const fetched = await source.fetch(comparable);
      state = { ...state, attempted: fetched.revision };
      if (!fetched.containsLastGood && comparable !== null && !isAccepted(fetched.revision, accepted)) {
        throw sourceRewound(fetched.label, fetched.revision, comparable);
      }
      const next = await takeOver(options, fetched, state.enforced, comparable);
      if (next.lastGood) lastGood = next.lastGood;
      state = { ...state, enforced: next.enforced ?? state.enforced, problem: next.problem };
    } catch (thrown) {
      const { code, message, hint } = toKreError(thrown);
      state = { ...state, problem: { code, message, hint, details: [] } };
    }
    state = { ...state, checkedAtMs: clock.now() };
    return state;
  };

  return {
    current: () => state,
    async restore() {
      lastGood = await readLastGood(files, stateFolder);
      if (lastGood === null) return state;
      const enforced = await reload(options, lastGood);
      if (enforced === null) {
        log.warn({ revision: lastGood.revision }, 'last good revision cannot be read again, the source is asked');
      }
      state = { ...state, enforced, attempted: lastGood.revision };
      return state;
    },
    refresh(accepted) {
      running ??= look(accepted).finally(() => {
        running = null;
      });
      return running;
    },
  };
}

interface Takeover {
  readonly enforced: EnforcedRevision | null;
  readonly lastGood: LastGood | null;
  readonly problem: SourceStatus['problem'];
}

/** Loads and keeps a fetched revision, unless it is enforced already. */
async function takeOver(
  { source, load, files, clock, stateFolder }: SourceKeeperOptions,
  fetched: Fetched,
  enforced: EnforcedRevision | null,
  previous: string | null,
): Promise<Takeover> {
  const { revision } = fetched;
  // Another source may have the same commit and mean another folder of it.
  if (enforced?.revision === revision && previous === revision) return { enforced, lastGood: null, problem: null };
  const loaded = await load(fetched.folder, revision);
  if (!loaded.ok) return { enforced: null, lastGood: null, problem: invalidRevision(revision, loaded.problems) };
  const folder = await source.keep(fetched, previous);
  const digest = contentDigest(await readContent(files, folder));
  const lastGood: LastGood = { schema: 1, identity: source.identity, revision, folder, digest, atMs: clock.now() };
  await writeLastGood(files, stateFolder, lastGood);
  return { enforced: { revision, set: loaded.set, folder }, lastGood, problem: null };
}

/** The kept revision from its folder, or from one made anew where the kept one is damaged; `null` if neither serves. */
async function reload(
  { source, load, files, log }: SourceKeeperOptions,
  { revision, folder, digest, identity }: LastGood,
): Promise<EnforcedRevision | null> {
  try {
    const isWhole = async (path: string) => contentDigest(await readContent(files, path)) === digest;
    const whole = (await isWhole(folder))
      ? folder
      : identity === source.identity
        ? await source.restore(revision)
        : null;
    if (whole === null || !(await isWhole(whole))) return null;
    const loaded = await load(whole, revision);
    return loaded.ok ? { revision, set: loaded.set, folder: whole } : null;
  } catch (thrown) {
    log.warn({ code: toKreError(thrown).code }, 'folder of the last good revision cannot be read');
    return null;
  }
}

/** Why a revision is not enforced: what is wrong with its manifests, and where. */
export function invalidRevision(revision: string, problems: readonly Problem[]): SourceStatus['problem'] {
  const [first] = problems;
  return {
    code: first?.code ?? 'ManifestInvalid',
    message: `revision ${revision.slice(0, 19)} is not valid: ${problems.length === 1 ? 'one problem' : `${problems.length} problems`}`,
    hint: hintOf(problems),
    details: problemLines(problems, maxDetails),
  };
}

function isAccepted(revision: string, accepted: readonly string[]): boolean {
  return accepted.some((text) => text.length >= 7 && revision.startsWith(text));
}
