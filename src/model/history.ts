import type { FieldChange } from './plan.ts';

/** One line of the history file. Unknown kinds and fields of a newer release are passed over on reading. */
export type HistoryLine = HistoryStep | HistoryWait | HistoryEnd | HistoryPrediction;

/** A step that was carried out, or failed. */
export interface HistoryStep {
  readonly kind: 'step';
  readonly atMs: number;
  /** `Cluster/dev`. */
  readonly object: string;
  readonly revision: string;
  /** Id of the step. */
  readonly step: string;
  readonly title: string;
  readonly reason: string;
  /** Kind of the action: `create`, `start`… */
  readonly what: string;
  readonly changes: readonly FieldChange[];
  /** `null`: it was done. */
  readonly error: string | null;
  readonly tookMs: number | null;
}

/** A condition that was waited for and came true, or is not waited for any more. */
export interface HistoryWait {
  readonly kind: 'wait';
  readonly atMs: number;
  readonly object: string;
  readonly revision: string;
  readonly wait: string;
  /** What took the time: `boot`, `ready`, `drain`, `backup`, `upgrade`, `shutdown`… */
  readonly what: string;
  readonly tookMs: number;
  /** Whether its deadline had passed: such a time says nothing about the next one. */
  readonly overdue: boolean;
}

/** Nothing is left to do about the object. */
export interface HistoryEnd {
  readonly kind: 'end';
  readonly atMs: number;
  readonly object: string;
  readonly revision: string;
  readonly outcome: HistoryOutcome;
  /** What stands in the way where it is `blocked` or `rolled-back`; else empty. */
  readonly detail: string;
}

export type HistoryOutcome = 'done' | 'blocked' | 'rolled-back';

/** How long a simulation says that a revision takes an object. */
export interface HistoryPrediction {
  readonly kind: 'prediction';
  readonly atMs: number;
  readonly object: string;
  readonly revision: string;
  /** Digest of what the revision asks for: a commit that asks for the same as the folder that was simulated has the same. */
  readonly desired?: string;
  readonly predictedMs: number;
}

/** One change of one object, from its first step until nothing was left to do. */
export interface HistoryEntry {
  readonly object: string;
  /** Revisions under which it was carried out, the first one first. */
  readonly revisions: readonly string[];
  readonly beganAtMs: number;
  /** `null`: under way. */
  readonly endedAtMs: number | null;
  readonly outcome: HistoryOutcome | 'under-way';
  readonly detail: string;
  /** What a simulation of that revision said it would take; `null`: none was made. */
  readonly predictedMs: number | null;
  /** Where a guard held the change back in between: when it began first, which is what the prediction counts from. */
  readonly predictedFromMs?: number;
  /** Fields that differ between before and after. */
  readonly changes: readonly FieldChange[];
  readonly steps: readonly HistoryStep[];
  readonly waits: readonly HistoryWait[];
}

/** How long something usually takes on this host. */
export interface TypicalDuration {
  readonly medianMs: number;
  readonly samples: number;
}

/** Latest samples that count: a host changes over the years. */
const COUNTED = 15;

/**
 * By what took the time (`boot`, `ready`, `drain`, `backup`, `upgrade`, `create`…): the median of the latest 15 that ended well. What never happened here
 * has no entry. Pure.
 */
export function typicalDurations(lines: readonly HistoryLine[]): Readonly<Record<string, TypicalDuration>> {
  const samples = new Map<string, number[]>();
  for (const line of lines) {
    const tookMs = sampleOf(line);
    if (tookMs === null || !('what' in line)) continue;
    samples.set(line.what, [...(samples.get(line.what) ?? []), tookMs].slice(-COUNTED));
  }
  return Object.fromEntries(
    [...samples].map(([what, times]) => [what, { medianMs: medianOf(times), samples: times.length }]),
  );
}

function sampleOf(line: HistoryLine): number | null {
  if (line.kind === 'wait') return line.overdue ? null : line.tookMs;
  return line.kind === 'step' && line.error === null ? line.tookMs : null;
}

function medianOf(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [below = 0, above = 0] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? above : Math.round((below + above) / 2);
}
