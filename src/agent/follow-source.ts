import type { Log } from '../model/ports.ts';
import type { DesiredState, SourceKeeper } from '../source/keeper.ts';
import { nextPollMs, type Source } from '../source/source.ts';

export interface FollowParts {
  readonly source: Source;
  readonly keeper: SourceKeeper;
  readonly log: Log;
  /** Revisions that a person accepted although they rewind the branch. */
  readonly accepted: () => Promise<readonly string[]>;
  /** Something about the source is other than before: a pass is due. */
  readonly onChange: () => void;
  /** In [0, 1): spreads the polls of many hosts. */
  readonly random: () => number;
}

export interface SourceFollower {
  /** Looks now; resolves when it has looked. Never rejects. */
  look(): Promise<void>;
  stop(): Promise<void>;
}

/** Looks at the source when it is poked and at every poll, beside the passes: a slow remote delays none. */
export function followSource(parts: FollowParts): SourceFollower {
  const { source, keeper } = parts;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let running: Promise<void> | null = null;
  let again = false;
  let seen = '';

  const lookOnce = async (): Promise<void> => {
    const state = await keeper.refresh(await parts.accepted());
    // What was cut short by our own end is no problem of the source.
    if (stopped) return;
    const now = JSON.stringify([state.enforced?.revision, state.attempted, state.problem]);
    if (now === seen) return;
    seen = now;
    tell(parts.log, state);
    parts.onChange();
  };
  const work = async (): Promise<void> => {
    clearTimeout(timer);
    try {
      // A poke during a look may be about something that the look has not seen.
      while (again && !stopped) {
        again = false;
        await lookOnce();
      }
    } catch (thrown) {
      parts.log.error({ error: thrown }, 'looking at the source failed');
    } finally {
      running = null;
      if (!stopped) timer = setTimeout(() => void look(), nextPollMs(source.pollMs, parts.random()));
    }
  };
  const look = (): Promise<void> => {
    again = true;
    running ??= work();
    return running;
  };
  const watch = source.watch(() => void look());
  return {
    look,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await watch.stop();
      await running;
    },
  };
}

/** What an operator reads in the journal, every place of a broken revision with it. */
function tell(log: Log, { enforced, attempted, problem }: DesiredState): void {
  if (!problem) {
    log.info({ revision: enforced?.revision ?? null }, 'revision is enforced');
    return;
  }
  const { code, message, hint, details } = problem;
  log.warn(
    {
      attempted,
      enforced: enforced?.revision ?? null,
      code,
      problem: message,
      ...(details.length > 0 ? { details } : {}),
      hint,
    },
    'source has a problem',
  );
}
