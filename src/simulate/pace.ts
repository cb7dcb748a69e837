import type { Plan, Wait } from '../model/plan.ts';

/** Where nothing has moved for a while, looking again may wait half of that while, and at most this long. */
const LONGEST_REST_MS = 15 * 60_000;
/** A wait that asks to be looked at later than this knows when it ends. */
const KNOWS_ITS_END_MS = 60_000;

/** Keeps a virtual day of waiting from costing thousands of passes: the real agent looks on, the rehearsal knows that nothing can have happened. */
export interface Pace {
  /** Notes a pass. `isMoving`: it did something, or something is under way in the world. */
  note(plan: Plan | null, isMoving: boolean, nowMs: number): void;
  /** Since when nothing has moved, ms since epoch; `null`: it moves. */
  stillSinceMs(): number | null;
  /** A longer rest where nothing moves, but never beyond what is known to come. */
  stretched(restMs: number, plan: Plan | null, nowMs: number): number;
}

export function createPace(): Pace {
  let before = '';
  let stillSinceMs: number | null = null;
  let movedAtMs = 0;
  return {
    note(plan, isMoving, nowMs) {
      const present = plan === null ? '' : signatureOf(plan);
      const moves = isMoving || present !== before;
      if (moves) movedAtMs = nowMs;
      stillSinceMs = moves ? null : movedAtMs;
      before = present;
    },
    stillSinceMs: () => stillSinceMs,
    stretched(restMs, plan, nowMs) {
      if (stillSinceMs === null || plan === null) return restMs;
      const waits = plan.waits.filter((wait) => wait.needs.length === 0);
      const knownMs = nextKnownMs(plan, waits, nowMs);
      // Where every wait knows its end, nothing comes before the first of them.
      const isKnown = knownMs !== Number.POSITIVE_INFINITY && waits.every(knowsItsEnd);
      const mostMs = isKnown ? Number.POSITIVE_INFINITY : Math.min(LONGEST_REST_MS, (nowMs - stillSinceMs) / 2);
      return Math.max(restMs, Math.min(mostMs, knownMs - nowMs));
    },
  };
}

function signatureOf({ steps, waits, blocks }: Plan): string {
  return [
    ...steps.map((step) => step.id),
    ...waits.map((wait) => `${wait.id}${wait.overdue ? '!' : ''}${wait.needs.length === 0 ? '*' : ''}`),
    ...blocks.map((block) => block.id),
  ].join('\n');
}

/** When the next deadline, retry, foreseen end of a wait or, where all else is over, window is due. */
function nextKnownMs({ lookAgainAtMs, blocks }: Plan, waits: readonly Wait[], nowMs: number): number {
  const times = waits.flatMap((wait) => [
    ...(wait.untilMs === null ? [] : [wait.untilMs + 1]),
    ...(knowsItsEnd(wait) ? [nowMs + wait.pollMs] : []),
  ]);
  const isForWindow = waits.length === 0 && blocks.some((block) => block.guard === 'WindowOpen');
  if (isForWindow && lookAgainAtMs !== null) times.push(lookAgainAtMs);
  return Math.min(Number.POSITIVE_INFINITY, ...times.filter((atMs) => atMs > nowMs));
}

/** It is looked at when it is over, and not again and again before. */
function knowsItsEnd(wait: Wait): boolean {
  return /\/(?:backoff|pause)$/.test(wait.id) || wait.pollMs > KNOWS_ITS_END_MS;
}
