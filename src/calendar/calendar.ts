import type { BackupPolicy, Desired, DesiredWindow } from '../model/desired.ts';
import { objectKey } from '../model/mark.ts';
import type { Calendar, WindowState } from '../model/observed.ts';
import type { BlockerReader } from './blockers.ts';
import { openSchedule, type Schedule } from './schedule.ts';
import { judgeWindows, type OpenedWindow } from './windows.ts';

/** Tells what schedules, files and commands say now. Remembers what it opened and judged, so that asking in each pass costs nothing. */
export interface CalendarReader {
  /** The calendar for what is desired, at a time in ms since epoch. */
  read(desired: Desired, nowMs: number): Promise<Calendar>;
}

interface Due {
  readonly lastDueMs: number | null;
  readonly nextDueMs: number | null;
  readonly fromMs: number;
}

interface Judged {
  readonly state: WindowState;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** `blockers`: of this host; without them nothing blocks. */
export function createCalendar(blockers?: BlockerReader): CalendarReader {
  const schedules = new Map<string, Promise<Schedule>>();
  const judged = new Map<string, Judged>();
  const due = new Map<string, Due>();

  const open = (expression: string, timeZone: string): Promise<Schedule> => {
    const key = `${timeZone} ${expression}`;
    const opened = schedules.get(key) ?? openSchedule(expression, timeZone);
    schedules.set(key, opened);
    return opened;
  };
  const windowState = async (windows: readonly DesiredWindow[], nowMs: number): Promise<WindowState> => {
    const key = JSON.stringify(windows);
    const known = judged.get(key);
    if (known && known.fromMs <= nowMs && nowMs < known.untilMs) return known.state;
    const opened = await Promise.all(
      windows.map(async (window): Promise<OpenedWindow> => {
        return { ...window, starts: await open(window.schedule, window.timeZone) };
      }),
    );
    const { state, validUntilMs } = judgeWindows(opened, nowMs);
    judged.set(key, { state, fromMs: nowMs, untilMs: validUntilMs });
    return state;
  };
  const backupTimes = async ({ schedule, timeZone }: BackupPolicy, nowMs: number): Promise<Due | null> => {
    if (schedule === null) return null;
    const key = `${timeZone} ${schedule}`;
    const known = due.get(key);
    if (known && known.fromMs <= nowMs && nowMs < (known.nextDueMs ?? Number.POSITIVE_INFINITY)) return known;
    const starts = await open(schedule, timeZone);
    const found = { lastDueMs: starts.latestUntil(nowMs), nextDueMs: starts.nextAfter(nowMs), fromMs: nowMs };
    due.set(key, found);
    return found;
  };
  return {
    async read(desired, nowMs) {
      const objects = new Map(desired.machines.map((machine) => [objectKey(machine.object), machine.windows]));
      const windows: Record<string, WindowState> = {};
      for (const [key, list] of objects) if (list.length > 0) windows[key] = await windowState(list, nowMs);
      const backups: Record<string, Calendar['backups'][string]> = {};
      for (const { name, backup } of desired.clusters) {
        const times = await backupTimes(backup, nowMs);
        if (times) backups[name] = { lastDueMs: times.lastDueMs, nextDueMs: times.nextDueMs };
      }
      return {
        windows,
        backups,
        blockers: blockers ? await blockers.read([...objects.keys()], nowMs) : {},
      };
    },
  };
}
