import type { DesiredWindow } from '../model/desired.ts';
import type { WindowState } from '../model/observed.ts';
import type { Schedule } from './schedule.ts';

/** A window of a manifest with its schedule made ready. */
export interface OpenedWindow extends DesiredWindow {
  readonly starts: Schedule;
}

/** What windows say at a time, and until when (exclusive) they surely say the same. */
export interface WindowJudgement {
  readonly state: WindowState;
  readonly validUntilMs: number;
}

/** One run of a window; its end lies outside of it. */
interface Run {
  readonly window: OpenedWindow;
  readonly startMs: number;
  readonly endMs: number;
}

const DAY_MS = 86_400_000;
/** How far ahead the next change is looked for, each time further. */
const HORIZONS_MS = [8 * DAY_MS, 70 * DAY_MS, 400 * DAY_MS];
/** Runs of one window that are looked at: one that begins every few minutes is not looked at for a year ahead. */
const MOST_RUNS = 500;

/**
 * Judges windows at a time. A disruption may begin inside an allowing window, and where none is given at any time; never inside a denying one, whatever
 * allows it. Each lasts `durationMs` from its start, however clocks are changed in it.
 */
export function judgeWindows(windows: readonly OpenedWindow[], nowMs: number): WindowJudgement {
  const { runs: near, toMs } = runsUntil(windows, nowMs, nowMs + (HORIZONS_MS[0] ?? DAY_MS));
  const current = near.filter((run) => run.startMs <= nowMs && nowMs < run.endMs).map(({ window }) => window);
  const denying = current.filter(({ kind }) => kind === 'deny');
  const isOpen = isOpenWith(windows, current);
  const untilMs = changeAfter(windows, nowMs, isOpen);
  const overrunUntilMs = isOpen || denying.length > 0 ? null : overrunUntil(near, nowMs);
  const boundaries = near.flatMap(({ window, startMs, endMs }) => [startMs, endMs, endMs + window.overrunMs]);
  const shut = denying.length > 0 ? denying : windows.filter(({ kind }) => kind === 'allow');
  const why = denying.length > 0 ? 'a window denies it' : 'it is outside of its windows';
  return {
    validUntilMs: Math.min(toMs, ...boundaries.filter((atMs) => atMs > nowMs)),
    state: {
      isOpen,
      untilMs,
      nextOpenMs: isOpen ? null : untilMs,
      overrunUntilMs,
      reason: isOpen ? 'no window forbids it' : `${why} (${shut.map(windowText).join('; ')})`,
    },
  };
}

function isOpenWith(windows: readonly OpenedWindow[], current: readonly OpenedWindow[]): boolean {
  if (current.some(({ kind }) => kind === 'deny')) return false;
  return current.length > 0 || windows.every(({ kind }) => kind === 'deny');
}

/** Runs that have not ended at a time, their overrun included, and those that begin after it up to and with `toMs`, which is earlier where there are too many. */
function runsUntil(
  windows: readonly OpenedWindow[],
  nowMs: number,
  farMs: number,
): { runs: readonly Run[]; toMs: number } {
  let toMs = farMs;
  const runs = windows.flatMap((window) => {
    const { starts, durationMs, overrunMs } = window;
    // One that began before the latest has ended before it.
    const latest = starts.latestUntil(nowMs, nowMs - durationMs - overrunMs);
    const coming = starts.startsIn(nowMs, farMs, MOST_RUNS);
    if (coming.length === MOST_RUNS) toMs = Math.min(toMs, coming.at(-1) ?? toMs);
    return [...(latest === null ? [] : [latest]), ...coming].map((startMs): Run => {
      return { window, startMs, endMs: startMs + durationMs };
    });
  });
  return { runs, toMs };
}

/** When it is open no more, or open again; `null`: not in sight. */
function changeAfter(windows: readonly OpenedWindow[], nowMs: number, isOpen: boolean): number | null {
  for (const aheadMs of HORIZONS_MS) {
    const { runs, toMs } = runsUntil(windows, nowMs, nowMs + aheadMs);
    const changeMs = firstChange(windows, runs, nowMs, isOpen);
    // What begins beyond the horizon is not among the runs.
    if (changeMs !== null && changeMs <= toMs) return changeMs;
    if (toMs < nowMs + aheadMs) return null;
  }
  return null;
}

function firstChange(
  windows: readonly OpenedWindow[],
  runs: readonly Run[],
  nowMs: number,
  isOpen: boolean,
): number | null {
  const hasNoAllowing = windows.every(({ kind }) => kind === 'deny');
  const running = { allow: 0, deny: 0 };
  const boundaries: { readonly atMs: number; readonly kind: Run['window']['kind']; readonly by: 1 | -1 }[] = [];
  for (const { window, startMs, endMs } of runs) {
    if (startMs <= nowMs && nowMs < endMs) running[window.kind] += 1;
    if (startMs > nowMs) boundaries.push({ atMs: startMs, kind: window.kind, by: 1 });
    if (endMs > nowMs) boundaries.push({ atMs: endMs, kind: window.kind, by: -1 });
  }
  boundaries.sort((a, b) => a.atMs - b.atMs);
  for (const [index, { atMs, kind, by }] of boundaries.entries()) {
    running[kind] += by;
    // All that happens at one time happens at once.
    if (boundaries[index + 1]?.atMs === atMs) continue;
    if ((running.deny === 0 && (hasNoAllowing || running.allow > 0)) !== isOpen) return atMs;
  }
  return null;
}

/** Until when a rollout that is under way may go on after the end of an allowing window. */
function overrunUntil(runs: readonly Run[], nowMs: number): number | null {
  const times = runs
    .filter(({ window, endMs }) => window.kind === 'allow' && endMs <= nowMs)
    .map(({ window, endMs }) => endMs + window.overrunMs)
    .filter((atMs) => atMs > nowMs);
  return times.length === 0 ? null : Math.max(...times);
}

function windowText({ schedule, duration, timeZone }: OpenedWindow): string {
  return `"${schedule}" for ${duration}, ${timeZone}`;
}
