import type { Clock } from '../model/ports.ts';

/** A clock that stands still until it is moved. A world on it uses no timers. */
export interface VirtualClock extends Clock {
  readonly isVirtual: true;
  /** Moves to a time, ms since epoch; never back. */
  moveTo(atMs: number): void;
  advance(byMs: number): void;
}

/** Starts at 2026-01-01T00:00:00Z unless told otherwise. */
export function createVirtualClock(startMs = Date.UTC(2026, 0, 1)): VirtualClock {
  let nowMs = startMs;
  return {
    isVirtual: true,
    now: () => nowMs,
    moveTo(atMs) {
      nowMs = Math.max(nowMs, atMs);
    },
    advance(byMs) {
      nowMs += Math.max(0, byMs);
    },
  };
}

/** Whether a clock is one that has to be moved. */
export function isVirtualClock(clock: Clock): clock is VirtualClock {
  return 'isVirtual' in clock && clock.isVirtual === true;
}
