import type { Clock } from '../model/ports.ts';
import type { SimWorld } from './world.ts';

/** How often a world on a real clock is looked at: another process may have changed its file. */
const longestPauseMs = 100;

/** Looks at the world when its next event is due, and now and then, so that listeners hear of what happens by itself. */
export function keepWatch(world: Pick<SimWorld, 'nextEventAtMs'>, clock: Clock): { stop(): void } {
  let timer: NodeJS.Timeout | null = null;
  let isStopped = false;
  const look = async (): Promise<void> => {
    // A file that cannot be read for a moment is met again by the next act, which reports it.
    const nextMs = await world.nextEventAtMs().catch(() => null);
    if (isStopped) return;
    const pauseMs = nextMs === null ? longestPauseMs : Math.min(longestPauseMs, Math.max(1, nextMs - clock.now()));
    timer = setTimeout(() => void look(), pauseMs);
    timer.unref();
  };
  void look();
  return {
    stop: () => {
      isStopped = true;
      if (timer) clearTimeout(timer);
    },
  };
}
