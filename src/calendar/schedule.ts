import { openZone } from './zone.ts';

/** When something starts, over and over. Times are ms since epoch. */
export interface Schedule {
  /** Starts after `fromMs` up to and with `toMs`, earliest first; the first `most` if there are more. */
  startsIn(fromMs: number, toMs: number, most?: number): readonly number[];
  /** The first start after a time; `null`: none in a hundred years. */
  nextAfter(atMs: number): number | null;
  /** The last start up to and with a time, and after `earliestMs` (default 20 years before); `null`: none. */
  latestUntil(atMs: number, earliestMs?: number): number | null;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How far back the last start is looked for, each time further. */
const LOOK_BACK_MS = [HOUR_MS, DAY_MS, 8 * DAY_MS, 32 * DAY_MS, 367 * DAY_MS];
const LONGEST_LOOK_MS = 20 * 366 * DAY_MS;
/** More than clocks are ever changed by. */
const CHANGE_MS = 3 * HOUR_MS;

/**
 * node-cron computes the next match of any time (`getNextMatch`), but offers it only for the time that it is now; its task carries the matcher. In a
 * zone with summer time it leaves out a start that the clocks skip, and of a repeated hour it gives one or the other time, depending on where one
 * asks from (4.6.0). For a window that forbids neither will do. So it matches wall times, in UTC where each comes once, and `Zone` says when the
 * clocks show them.
 */
interface Matcher {
  getNextMatch(date: Date): Date;
}

/** A schedule in the syntax of node-cron, by the clocks of a time zone. Both were validated with the manifest. */
export async function openSchedule(expression: string, timeZone: string): Promise<Schedule> {
  const matcher = await matcherOf(expression);
  const zone = openZone(timeZone);
  const nextWall = (wallMs: number): number | null => {
    try {
      return matcher.getNextMatch(new Date(wallMs)).getTime();
    } catch {
      return null;
    }
  };
  // Where clocks are changed, an earlier wall time may come later.
  const marginMs = (atMs: number) => (zone.isSteady(atMs) ? 0 : CHANGE_MS);
  const startsIn = (fromMs: number, toMs: number, most = Number.POSITIVE_INFINITY): readonly number[] => {
    const starts = new Set<number>();
    const lastWallMs = zone.wallAt(toMs) + marginMs(toMs);
    let wallMs = nextWall(zone.wallAt(fromMs) - marginMs(fromMs));
    // Where clocks are changed a later wall time may come first, by three hours at most: beyond that no more is looked for than was asked for.
    let enoughMs = Number.POSITIVE_INFINITY;
    while (wallMs !== null && wallMs <= Math.min(lastWallMs, enoughMs)) {
      const startMs = zone.instantOf(wallMs);
      if (startMs > fromMs && startMs <= toMs) starts.add(startMs);
      if (starts.size === most && enoughMs === Number.POSITIVE_INFINITY) enoughMs = wallMs + CHANGE_MS;
      wallMs = nextWall(wallMs);
    }
    return [...starts].sort((a, b) => a - b).slice(0, most);
  };
  return {
    startsIn,
    nextAfter(atMs) {
      // The first is one of those up to the next that surely comes after.
      const wallMs = nextWall(zone.wallAt(atMs) + marginMs(atMs));
      if (wallMs === null) return null;
      return startsIn(atMs, zone.instantOf(wallMs))[0] ?? null;
    },
    latestUntil(atMs, earliestMs = atMs - LONGEST_LOOK_MS) {
      let toMs = atMs;
      for (const backMs of [...LOOK_BACK_MS, LONGEST_LOOK_MS]) {
        const fromMs = Math.max(earliestMs, atMs - backMs);
        const latest = startsIn(fromMs, toMs).at(-1);
        if (latest !== undefined || fromMs === earliestMs) return latest ?? null;
        toMs = fromMs;
      }
      return null;
    },
  };
}

async function matcherOf(expression: string): Promise<Matcher> {
  const { createTask } = await import('node-cron');
  // Never started, so it sets no timer; destroyed, so that the library's list of tasks does not grow.
  const task = createTask(expression, () => undefined, { timezone: 'UTC' });
  const { timeMatcher } = task as unknown as { readonly timeMatcher?: Partial<Matcher> };
  await task.destroy();
  if (typeof timeMatcher?.getNextMatch !== 'function') throw new Error('this release of node-cron hides its matcher');
  return timeMatcher as Matcher;
}
