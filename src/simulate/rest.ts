import type { Ledger } from '../model/ledger.ts';
import type { Plan } from '../model/plan.ts';
import type { PassResult } from '../reconcile/pass.ts';
import { verdictOf } from '../reconcile/plan/verdict.ts';
import type { Rest } from './timeline/recorder.ts';

export interface Limits {
  /** Virtual time after which a rehearsal is given up. */
  readonly longestMs: number;
  /** Passes after which it is. */
  readonly mostPasses: number;
  /** A step that is done so often goes in a circle. */
  readonly mostRepeats: number;
  /** Where guards forbid all that is left, or something failed again and again, and nothing moves for so long, nothing will. */
  readonly quietMs: number;
}

const HOUR_MS = 3_600_000;
export const DEFAULT_LIMITS: Limits = {
  longestMs: 15 * 24 * HOUR_MS,
  mostPasses: 50_000,
  mostRepeats: 25,
  quietMs: HOUR_MS,
};

/** How a rehearsal has come to rest with this pass; `null` while it goes on. `stillSinceMs`: since when nothing has moved. */
export function restOf(
  { source, world }: PassResult,
  ledger: Ledger,
  stillSinceMs: number | null,
  nowMs: number,
  limits: Limits,
): Rest | null {
  const plan = world?.plan;
  if (!plan) return { kind: 'unsettled', reason: 'there is no desired state', atMs: nowMs };
  const verdict = verdictOf(source, plan, ledger);
  if (verdict === 'converged') return { kind: 'converged', atMs: nowMs };
  if (verdict === 'working' || stillSinceMs === null) return null;
  const isWaitingForWindow = plan.blocks.some((block) => block.guard === 'WindowOpen') && plan.lookAgainAtMs !== null;
  if (isWaitingForWindow) return null;
  const nothingComes = plan.steps.length === 0 && plan.waits.length === 0 && plan.lookAgainAtMs === null;
  if (!nothingComes && nowMs - stillSinceMs < limits.quietMs) return null;
  return plan.blocks.length > 0
    ? { kind: 'blocked', plan, atMs: stillSinceMs }
    : { kind: 'unsettled', reason: failureOf(plan), atMs: stillSinceMs };
}

/** Backups on schedule go on for ever, and lead nowhere: ids of their steps and waits. */
const BACKUP = /^machine\/[^/]+\/(?:backup|fetch-backup)(?:\/|$)/;

/** Whether the backups of a plan are those of a schedule, and not what comes before a disruption. */
function hasOnlyRoutineBackups({ steps }: Plan): boolean {
  return !steps.some((step) => step.disruptive);
}

/** Since when guards, the same ones, forbid all that is left, and nothing but backups is made; `null`: more is going on. */
export function createHeldWatch(): (result: PassResult) => number | null {
  let guards = '';
  let sinceMs: number | null = null;
  return ({ world, outcomes, endedAtMs }) => {
    const plan = world?.plan;
    const isHeld =
      plan !== undefined &&
      plan.blocks.length > 0 &&
      [...plan.steps, ...plan.waits].every(({ id }) => BACKUP.test(id)) &&
      outcomes.every(({ step }) => BACKUP.test(step));
    const present = isHeld ? plan.blocks.map(({ id }) => id).join() : '';
    if (!isHeld) sinceMs = null;
    else if (sinceMs === null || present !== guards) sinceMs = endedAtMs;
    guards = present;
    return sinceMs;
  };
}

/** Counts what was done, to find a rehearsal that goes in a circle. */
export function createCircleFinder({ mostRepeats }: Limits): (result: PassResult) => Rest | null {
  const done = new Map<string, number>();
  return ({ world, outcomes, endedAtMs }) => {
    for (const { step, state } of outcomes) {
      const isRoutine = BACKUP.test(step) && world !== null && hasOnlyRoutineBackups(world.plan);
      if (state !== 'done' || isRoutine) continue;
      const times = (done.get(step) ?? 0) + 1;
      done.set(step, times);
      const title = world?.plan.steps.find((entry) => entry.id === step)?.title ?? step;
      if (times >= mostRepeats)
        return {
          kind: 'unsettled',
          reason: `it goes in a circle: "${title}" was done ${times} times`,
          atMs: endedAtMs,
        };
    }
    return null;
  };
}

/** What is tried again and again. */
function failureOf({ waits }: Plan): string {
  const [wait] = waits.filter((entry) => entry.needs.length === 0);
  return wait ? `${wait.condition}: ${wait.detail}` : 'nothing moves';
}
