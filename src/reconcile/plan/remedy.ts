import type { DesiredCluster, RemediationPolicy } from '../../model/desired.ts';
import type { RemedyAction } from '../../model/manifest.ts';
import type { Mark, Remedy } from '../../model/mark.ts';
import { minuteText } from '../../model/time-text.ts';
import { type Ailment, ailmentOf, breakerReason } from './ailment.ts';
import type { Draft } from './draft.ts';
import { type Facts, waitedMs } from './facts.ts';
import { isProven, nodeOf, unhealthyReason } from './health.ts';
import type { NodeInputs } from './node.ts';
import { operationPrefix } from './operation.ts';
import { isOurDoing } from './remedy-cause.ts';
import { choose } from './remedy-choice.ts';
import { markAfterOutage, markWithRemedy, type RemedyRecord, remedyRecord, remedyStepId } from './remedy-record.ts';

/** A guest is read this often at rest: looking more often tells nothing. */
const POLL_MS = 30_000;
const MINUTE_MS = 60_000;

/** A node that is not healthy, and what the manifest lets be done about it. */
interface Case {
  readonly facts: Facts;
  readonly cluster: DesiredCluster;
  readonly policy: RemediationPolicy;
  readonly node: NodeInputs;
  readonly mark: Mark;
  readonly draft: Draft;
  readonly record: RemedyRecord;
}

/**
 * Does something about nodes that were well and are not any more, where the manifest asks for it: once they have been so for long enough, one action
 * after the other, each once an outage. It was asked for, so the gate of disruptions is not asked. `nodes`: those that no upgrade has in hand.
 */
export function planRemedies(facts: Facts, cluster: DesiredCluster, nodes: readonly NodeInputs[]): void {
  const policy = cluster.remediation;
  if (policy === null) return;
  for (const node of nodes) {
    const { mark, draft, phase } = node.road;
    if (mark === null || phase !== 'steady' || mark.provenAtMs === null) continue;
    const record = remedyRecord(facts, node.machine, mark);
    const found = { facts, cluster, policy, node, mark, draft, record };
    const ailment = ailmentOf(facts, cluster, node.machine.name);
    if (ailment === null) planEnd(found);
    else if (node.road.up !== null && !isOurDoing(facts, node, mark, ailment)) planRemedy(found, ailment);
  }
}

function planRemedy(found: Case, ailment: Ailment): void {
  const { facts, policy, node, draft, record, mark } = found;
  const { name, deadlines } = node.machine;
  const choice = choose(facts, found, ailment);
  if (choice.kind === 'none') {
    if (choice.untilMs !== null) draft.lookAgain(choice.untilMs);
    hold(found, ailment, choice.reason, choice.wayOut);
    return;
  }
  const sinceMs = facts.nowMs - waitedMs(facts, waitId(name), POLL_MS);
  const last = lastOf(record, facts.nowMs);
  const helpMs = last?.action === 'reset' ? Math.max(policy.pauseMs, deadlines.bootMs) : policy.pauseMs;
  const dueAtMs = Math.max(sinceMs + policy.afterMs, last ? last.atMs + helpMs : 0);
  const isDue = dueAtMs <= facts.nowMs;
  draft.wait({
    id: waitId(name),
    condition: `${name} is well again; else ${WILL[choice.action]}${isDue ? '' : ` at ${minuteText(dueAtMs)}`}`,
    detail: `${ailment.what}${last ? `; before that ${DONE[last.action]}` : ''}`,
    sinceMs,
    pollMs: isDue ? POLL_MS : Math.min(POLL_MS, dueAtMs - facts.nowMs),
  });
  if (!isDue) return;
  const breaker = breakerReason(facts, found.cluster, policy);
  if (breaker !== null) {
    hold(found, ailment, breaker, BREAKER_WAY_OUT);
    return;
  }
  const minutes = Math.round((facts.nowMs - sinceMs) / MINUTE_MS);
  const reason = `${name} has been unhealthy for ${minutes} min: ${ailment.what}`;
  const after = choice.next === null ? 'nothing comes after it' : `if that does not help, ${WILL[choice.next]}`;
  const entry: Remedy = { action: choice.action, atMs: facts.nowMs, generation: mark.generation, reason };
  planAct(found, entry, `${reason}; ${disturbs(found, choice.action)}; ${after}`);
}

const BREAKER_WAY_OUT =
  'Look at what they share: host, network, control plane. It goes on when enough of them are well; or raise spec.remediation.maxUnhealthy.';

/** The act, whose record goes into the mark before it. Each action writes the mark, so it comes after what else writes it. */
function planAct({ facts, node, mark, draft }: Case, entry: Remedy, reason: string): void {
  const { name } = node.machine;
  const next = markWithRemedy(mark, entry);
  const step = { id: remedyStepId(name, entry.action), reason, needs: markWriters(draft) };
  if (entry.action === 'recreate') {
    const title = `decide on a new root disk for ${name}, from the same image`;
    draft.step({ ...step, title, action: { kind: 'write-mark', machine: name, mark: next } });
  } else if (entry.action === 'reset') {
    draft.step({
      ...step,
      title: `reset ${name}`,
      disruptive: true,
      action: { kind: 'reset', machine: name, mark: next },
    });
  } else {
    // As with backups the number is the host's minute: the guest may still know those of an earlier outage.
    const operation = `${operationPrefix('restart', name)}${Math.floor(facts.nowMs / MINUTE_MS)}`;
    const action = { kind: 'restart-service', machine: name, mark: next, operation } as const;
    draft.step({ ...step, title: `restart the main service of ${name}`, disruptive: true, action });
  }
}

/** The outage is over when the node is proven well; only then the record of what was done is closed. */
function planEnd({ facts, cluster, node, mark, draft, record }: Case): void {
  const { name } = node.machine;
  // Of a node that is no member the wait for that is told already.
  if (record.outage.length === 0 || nodeOf(facts, cluster, name) === null) return;
  if (!isProven(facts, cluster, name)) {
    draft.wait({
      id: waitId(name),
      condition: `${name} is well again, by two readings 10 s apart`,
      detail: unhealthyReason(facts, cluster, name) ?? 'one healthy reading so far',
    });
    return;
  }
  draft.step({
    id: `machine/${name}/recovered`,
    title: `note that ${name} is well again`,
    reason: `it recovered after ${record.outage.map(({ action }) => DID[action]).join(', ')}`,
    needs: markWriters(draft),
    action: { kind: 'write-mark', machine: name, mark: markAfterOutage(mark, facts.nowMs) },
  });
}

function markWriters({ steps }: Draft): readonly string[] {
  return steps.filter(({ action, needs }) => needs.length === 0 && 'mark' in action).map(({ id }) => id);
}

/** Of a time of the future nobody knows how long ago it is: the clock was set back. Then only the outage itself counts. */
function lastOf({ outage }: RemedyRecord, nowMs: number): Remedy | null {
  const last = outage.at(-1);
  return last && last.atMs > nowMs ? { ...last, atMs: 0 } : (last ?? null);
}

function hold({ node, draft }: Case, { what }: Ailment, why: string, wayOut: string): void {
  draft.block({ guard: 'RemediationHeld', reason: `${node.machine.name} is unhealthy (${what}): ${why}`, wayOut });
}

function waitId(machine: string): string {
  return `machine/${machine}/recovers`;
}

const WILL: Readonly<Record<RemedyAction, string>> = {
  restart: 'its main service is restarted',
  reset: 'it is reset',
  recreate: 'its root disk is replaced',
};
const DID: Readonly<Record<RemedyAction, string>> = {
  restart: 'a restart of its main service',
  reset: 'a reset',
  recreate: 'a new root disk',
};
const DONE: Readonly<Record<RemedyAction, string>> = {
  restart: 'its main service was restarted',
  reset: 'it was reset',
  recreate: 'a new root disk was decided',
};

function disturbs({ node }: Case, action: RemedyAction): string {
  if (action === 'restart')
    return node.role === 'worker' ? 'its pods run on' : 'its pods run on, the API does not answer for a moment';
  if (action === 'reset') return 'everything that runs on it stops hard and starts again';
  return 'it is shut down, or cut off if it does not follow, and starts on a new root disk with the state disk as it is; what was written elsewhere in it stays behind on the old one, which is kept for a while';
}
