import type { Clock } from '../../../model/ports.ts';

/** When to look whether a program in a guest has ended. */
export interface Patience {
  /** How long to wait before each look at a reading: first until it should have ended, always to one of the common instants. */
  readingPolls(uuid: string): Generator<number>;
  /** That a reading had ended at its `polls`-th look, so long after its start. */
  learn(uuid: string, polls: number, tookMs: number): void;
}

const firstPollMs = 50;
const longestPollMs = 1_000;
/** Readings are looked after at the same instants, so that one process serves several guests. */
const readingPollMs = 250;

/** Often at first: somebody waits for what the program does. */
export function* eagerPolls(): Generator<number> {
  for (let pollMs = firstPollMs; ; pollMs = Math.min(pollMs * 1.5, longestPollMs)) yield pollMs;
}

export function createPatience(clock: Clock): Patience {
  /** How long a reading of a guest should take, by those before it. */
  const expectedMs = new Map<string, number>();
  const toInstant = (ms: number): number => ms + readingPollMs - ((clock.now() + ms) % readingPollMs);
  return {
    *readingPolls(uuid) {
      yield toInstant(expectedMs.get(uuid) ?? 0);
      for (let ms = 0; ; ms = Math.min(ms + readingPollMs, longestPollMs - readingPollMs)) yield toInstant(ms);
    },
    // One that had ended at the first look may take less than was expected.
    learn: (uuid, polls, tookMs) => {
      expectedMs.set(uuid, polls === 1 ? (expectedMs.get(uuid) ?? 0) * 0.9 : tookMs);
    },
  };
}
