import type { PassResult } from '../reconcile/reconcile.ts';

/** A full look at least this often, whatever events say. */
const RESYNC_MS = 60_000;
/** The same acts this often in a row are no progress any more, even if each says that it is done. */
const SAME_FRONT = 3;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 15_000;
const FIRST_ERROR_PAUSE_MS = 750;
const LONGEST_ERROR_PAUSE_MS = 60_000;

/** How long the loop rests after a pass if nobody asks for another. */
export interface Rhythm {
  /** ms; 0 when the pass did something, unless it does the same again and again. */
  after(result: PassResult, nowMs: number): number;
  /** After a pass that ended in an error: doubles each time. */
  afterError(): number;
}

export function createRhythm(): Rhythm {
  let front = '';
  let repeats = 0;
  let errors = 0;
  return {
    after({ world, outcomes }, nowMs) {
      errors = 0;
      const present = outcomes.map((outcome) => `${outcome.step}=${outcome.state}`).join();
      repeats = present !== '' && present === front ? repeats + 1 : 0;
      front = present;
      if (outcomes.length > 0)
        return repeats < SAME_FRONT ? 0 : doubled(FIRST_PAUSE_MS, repeats - SAME_FRONT, LONGEST_PAUSE_MS);
      const atMs = world?.plan.lookAgainAtMs ?? null;
      return atMs === null ? RESYNC_MS : Math.min(RESYNC_MS, Math.max(0, atMs - nowMs));
    },
    afterError() {
      errors += 1;
      return doubled(FIRST_ERROR_PAUSE_MS, errors - 1, LONGEST_ERROR_PAUSE_MS);
    },
  };
}

function doubled(firstMs: number, times: number, longestMs: number): number {
  return Math.min(longestMs, firstMs * 2 ** Math.min(times, 20));
}
