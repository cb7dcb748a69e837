import type { DesiredWindow } from '../../src/model/desired.ts';
import type { Window } from '../../src/model/manifest.ts';

/** Windows that a fleet may have; the first: none. All begin on a full hour of UTC, every day, so that a few lines tell what the calendar should say. */
export const WINDOWS: readonly (readonly Window[])[] = [
  [],
  [{ kind: 'allow', schedule: '0 2 * * *', duration: '3h' }],
  [{ kind: 'deny', schedule: '0 1 * * *', duration: '20h' }],
  [{ kind: 'allow', schedule: '0 3 * * *', duration: '1h', overrun: '1h' }],
];

const HOUR_MS = 3_600_000;
/** By index of the windows: hours of the day in which a disruption may begin, and until when one of a rollout under way may. */
const OPEN: readonly { readonly fromHour: number; readonly toHour: number; readonly overrunHours: number }[] = [
  { fromHour: 0, toHour: 24, overrunHours: 0 },
  { fromHour: 2, toHour: 5, overrunHours: 0 },
  { fromHour: 21, toHour: 25, overrunHours: 0 },
  { fromHour: 3, toHour: 4, overrunHours: 1 },
];

/** Whether a disruption may begin at a time, ms since epoch; `isUnderWay`: it is not the first of its rollout. */
export function isWindowOpen(windows: readonly DesiredWindow[], atMs: number, isUnderWay: boolean): boolean {
  const index = WINDOWS.findIndex(([window]) => window?.schedule === windows[0]?.schedule);
  const { fromHour, toHour, overrunHours } = OPEN[index] ?? { fromHour: 0, toHour: 24, overrunHours: 0 };
  const lengthMs = (toHour - fromHour + (isUnderWay ? overrunHours : 0)) * HOUR_MS;
  const sinceMs = (((atMs - fromHour * HOUR_MS) % (24 * HOUR_MS)) + 24 * HOUR_MS) % (24 * HOUR_MS);
  return sinceMs < lengthMs;
}

/** The first full hour after a time at which the windows are open, ms since epoch. */
export function opensAt(windows: readonly DesiredWindow[], afterMs: number): number {
  const first = (Math.floor(afterMs / HOUR_MS) + 1) * HOUR_MS;
  for (let hour = 0; hour < 24; hour += 1)
    if (isWindowOpen(windows, first + hour * HOUR_MS, false)) return first + hour * HOUR_MS;
  return first;
}
