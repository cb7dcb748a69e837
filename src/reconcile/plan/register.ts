import type { DesiredMachine } from '../../model/desired.ts';
import { objectKey } from '../../model/mark.ts';
import { attemptOf, type Facts, freshGuest, markOf, operationsOf, retriedAtMs } from './facts.ts';
import { speakerOf } from './health.ts';
import { isUnsettled } from './mark.ts';
import type { NodeInputs } from './node.ts';
import { operationPrefix, planOperation } from './operation.ts';

const MINUTE_MS = 60_000;
/** Restarts after which the cluster is another one, and no restart helps. */
const MOST_RESTARTS = 3;
/** Time over which they are counted, in minutes. */
const COUNTED_MINUTES = 24 * 60;

/**
 * A worker that was a member and that its cluster does not know any more: somebody deleted its Node, or the cluster was brought back from a backup
 * of before it joined. A kubelet registers only when it starts, so its main service is restarted; its pods run on. Returns what comes before it is a
 * member again; empty where there is nothing to do. Where that does not help, as the cluster was begun anew, a person has to take the node away.
 */
export function planRegistration(facts: Facts, { cluster, machine, road, role }: NodeInputs): readonly string[] {
  const { name } = machine;
  const mark = markOf(facts, name);
  // One on a new root disk was a member before.
  const wasMember = mark !== null && (mark.provenAtMs !== null || isUnsettled(mark));
  const told = freshGuest(facts, speakerOf(facts, cluster))?.kubernetes;
  if (role !== 'worker' || !wasMember || told?.apiReady !== true) return [];
  // Of a long list only a part is told.
  const isKnown = told.nodes.length < told.nodesTotal || told.nodes.some((node) => node.name === name);
  if (isKnown || freshGuest(facts, name)?.kubernetes?.phase !== 'initialised') return [];
  if (isGivenUp(facts, machine)) {
    road.draft.block({
      guard: 'OperationFailed',
      about: 'restart',
      reason: `${cluster.name} does not know ${name}, though its main service was restarted ${MOST_RESTARTS} times`,
      wayOut: `If ${cluster.name} was begun anew, ${name} is of the one before: commit its pool without it, and with it again; kreconcile retry ${objectKey(machine.object)} restarts it again.`,
    });
    return [];
  }
  const restarted = planOperation(facts, road.draft, {
    machine: name,
    verb: 'restart',
    subject: subjectOf(name),
    // The host's minute: the guest may still know an earlier one.
    leastAttempt: Math.floor(facts.nowMs / MINUTE_MS),
    needs: [],
    timeoutMs: cluster.deadlines.readyMs,
    title: `restart the main service of ${name}`,
    reason: `${cluster.name} does not know ${name} any more: a kubelet registers when it starts, and its pods run on`,
    condition: `the main service of ${name} is restarted`,
  });
  return restarted ?? [];
}

function subjectOf(name: string): string {
  return `${name}/registration`;
}

/** Whether it was restarted often enough within a day, and nobody has asked for more since. */
function isGivenUp(facts: Facts, { name, object }: DesiredMachine): boolean {
  const { guests, nowMs } = facts;
  const reading = guests[name];
  const past = operationsOf(reading?.known ? reading.value : null, operationPrefix('restart', subjectOf(name)));
  const nowMinute = Math.floor(nowMs / MINUTE_MS);
  const sinceMinute = Math.max(nowMinute - COUNTED_MINUTES, Math.floor(retriedAtMs(facts, object) / MINUTE_MS));
  const ended = past.filter(({ id, state }) => state !== 'running' && attemptOf(id) > sinceMinute);
  return ended.length >= MOST_RESTARTS;
}
