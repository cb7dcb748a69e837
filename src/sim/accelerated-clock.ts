import type { Clock } from '../model/ports.ts';

/** A clock that runs `speed` times as fast as another from now on: a whole rollout in seconds, every duration told as it would really be. */
export function acceleratedClock(clock: Clock, speed: number): Clock {
  const startMs = clock.now();
  return { now: () => Math.round(startMs + (clock.now() - startMs) * speed) };
}
