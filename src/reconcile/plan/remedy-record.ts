import type { DesiredMachine } from '../../model/desired.ts';
import type { Mark, Remedy } from '../../model/mark.ts';
import type { Domain } from '../../model/observed.ts';
import { ailmentOf } from './ailment.ts';
import { clusterOf, type Facts, retriedAtMs } from './facts.ts';
import type { Renewal } from './renewal.ts';

/** Time over which the actions on one node are counted. */
export const COUNTED_MS = 24 * 3_600_000;
const MOST_RECORDED = 10;

/** What was done about a node, as its mark tells it: so a lost ledger costs time and repeats nothing. */
export interface RemedyRecord {
  /** Of the present outage, oldest first. */
  readonly outage: readonly Remedy[];
  /** Within the time over which actions are counted, those of earlier outages included. */
  readonly counted: readonly Remedy[];
}

/** Reads the mark. What was done before a person said `retry` counts no more, nor does an act that is known to have failed. */
export function remedyRecord(facts: Facts, machine: DesiredMachine, mark: Mark): RemedyRecord {
  const saidAtMs = retriedAtMs(facts, machine.object);
  const done = (mark.remedies ?? [])
    .filter(({ atMs }) => atMs > saidAtMs)
    .filter((entry) => !isUndone(facts, machine, entry));
  return {
    outage: done.filter(({ endedAtMs }) => endedAtMs === undefined),
    counted: done.filter(({ atMs }) => facts.nowMs - atMs < COUNTED_MS),
  };
}

export function remedyStepId(machine: string, action: Remedy['action']): string {
  return `machine/${machine}/remedy/${action}`;
}

/** It was written down, and the act itself has failed since. */
function isUndone({ ledger }: Facts, { name }: DesiredMachine, { action, atMs }: Remedy): boolean {
  const attempt = ledger.attempts[remedyStepId(name, action)];
  return action !== 'recreate' && attempt !== undefined && attempt.error !== null && attempt.lastAtMs >= atMs;
}

/** The mark before an act: it says that the act is done. An entry of the same act in the same outage is replaced. */
export function markWithRemedy(mark: Mark, entry: Remedy): Mark {
  const others = (mark.remedies ?? []).filter(
    ({ action, endedAtMs }) => action !== entry.action || endedAtMs !== undefined,
  );
  return { ...mark, remedies: [...others, entry].slice(-MOST_RECORDED) };
}

/** The mark of a node that is well again: its outage is over, and what is no longer counted is forgotten. */
export function markAfterOutage(mark: Mark, nowMs: number): Mark {
  const kept = (mark.remedies ?? []).filter(({ atMs }) => nowMs - atMs < COUNTED_MS);
  return { ...mark, remedies: kept.map((entry) => ({ ...entry, endedAtMs: entry.endedAtMs ?? nowMs })) };
}

/**
 * The new root disk that remediation has decided for a node, from the image and settings that are applied; `null`: none, or it is carried out. A node
 * that came to itself meanwhile, or of which nobody knows now how it is, keeps its disk.
 */
export function remedyRenewal(facts: Facts, machine: DesiredMachine, domain: Domain, mark: Mark): Renewal | null {
  const decided = decidedRecreate(mark);
  const cluster = clusterOf(facts, machine);
  if (!decided || !cluster?.remediation?.actions.includes('recreate')) return null;
  const isPossible = !domain.managedSave && facts.imageDigests.has(mark.spec.image.digest);
  const isIll = domain.state !== 'running' || ailmentOf(facts, cluster, machine.name) !== null;
  if (!isPossible || !isIll) return null;
  return {
    what: 'recreate',
    fields: [],
    digest: `remedy:${mark.generation}`,
    spec: mark.spec,
    remedies: decided.reason,
  };
}

/** A `recreate` of the root disk in use that was decided in this outage. */
export function decidedRecreate(mark: Mark): Remedy | null {
  const found = (mark.remedies ?? []).find(
    ({ action, generation, endedAtMs }) =>
      action === 'recreate' && generation === mark.generation && endedAtMs === undefined,
  );
  return mark.provenAtMs === null ? null : (found ?? null);
}
