import type { DesiredCluster } from '../../model/desired.ts';
import type { GuestNode, GuestOperation } from '../../model/guest-status.ts';
import { objectKey } from '../../model/mark.ts';
import type { Draft } from './draft.ts';
import { type Facts, freshGuest, operationsOf } from './facts.ts';
import { nodeOf, speakerOf } from './health.ts';
import { isRetried, MOST_DISRUPTIVE_ATTEMPTS, operationPrefix, pauseAfter, planOperation } from './operation.ts';

/** Between drains that failed again and again. */
const STUCK_PAUSE_MS = 3 * 3_600_000;

/** A node that is taken away, and for what. */
export interface DrainInit {
  readonly cluster: DesiredCluster;
  readonly node: string;
  readonly draft: Draft;
  /** Part of the ids: two disruptions of one node may stand in one plan. Empty, or ends with `/`. */
  readonly scope: string;
  /** What it is taken away for; another is another drain. */
  readonly subject: string;
  readonly reason: string;
}

/**
 * Whether another node of the cluster can take the pods of this one. Workers that we cordoned come back only after their control plane. One that has not
 * joined yet has none.
 */
export function hasSomewhereToGo(
  facts: Facts,
  cluster: DesiredCluster,
  name: string,
  role: 'control-plane' | 'worker',
): boolean {
  const nodes = freshGuest(facts, speakerOf(facts, cluster))?.kubernetes?.nodes ?? [];
  const takesPods = ({ unschedulable, cordonedByUs }: GuestNode) =>
    !unschedulable || (role === 'worker' && cordonedByUs);
  const isMember = nodes.some((node) => node.name === name);
  return isMember && nodes.some((node) => node.name !== name && node.ready && takesPods(node));
}

/** Cordon and drain. Returns what comes before its end. */
export function planDrain(facts: Facts, init: DrainInit, needs: readonly string[]): readonly string[] | null {
  const { cluster, node, draft, scope } = init;
  const via = speakerOf(facts, cluster, node);
  const subject = drainSubject(init);
  const past = operationsOf(freshGuest(facts, via), operationPrefix('drain', subject));
  const title = `drain ${node}`;
  const isCordoned = nodeOf(facts, cluster, node)?.unschedulable ?? false;
  if (isCordoned && past.at(-1)?.state === 'succeeded' && isOfThisCordon(facts, init)) return needs;
  // A drain that fails gives the node back: it is taken away again only when the next attempt is due.
  const due = restBefore(facts, init, title, past, isCordoned);
  const cordoned = isCordoned
    ? [...needs, ...due]
    : draft.step({
        id: `machine/${node}/${scope}cordon`,
        title: `cordon ${node}`,
        reason: init.reason,
        needs: [...needs, ...due],
        action: { kind: 'cordon', node, via },
      });
  return planOperation(facts, draft, {
    machine: via,
    node,
    scope,
    verb: 'drain',
    subject,
    needs: cordoned,
    timeoutMs: cluster.deadlines.drainMs + 60_000,
    input: { node, timeout: String(Math.ceil(cluster.deadlines.drainMs / 1000)) },
    title,
    reason: 'its pods move before it is taken away',
    condition: `${node} is drained`,
  });
}

/**
 * The pause before the next drain. What it evicts is disturbed each time, and a pod that cannot be moved stays where it is: after some failures in a row
 * a person is told, and it is tried again only rarely.
 */
function restBefore(
  facts: Facts,
  { node, scope, draft }: DrainInit,
  title: string,
  past: readonly GuestOperation[],
  isCordoned: boolean,
): readonly string[] {
  const id = `machine/${node}/${scope}drain`;
  const last = past.at(-1);
  const begun = facts.ledger.attempts[id];
  const failures = past.filter(({ state }) => state === 'failed').length;
  const tries = Math.min(begun?.count ?? 0, failures);
  const isStuck = last?.state === 'failed' && tries >= MOST_DISRUPTIVE_ATTEMPTS && !isRetried(facts, draft, id);
  if (!isStuck || !begun) return isCordoned ? [] : pauseAfter(facts, draft, id, title, past);
  draft.block({
    guard: 'OperationFailed',
    about: 'drain',
    reason: `the drain of ${node} was tried ${tries} times, last: ${last.message}`,
    wayOut: `Let its pods be evicted: more replicas, a looser disruption budget, or delete by hand those that nobody needs. It is tried again every ${STUCK_PAUSE_MS / 3_600_000} h${draft.object ? `; kreconcile retry ${objectKey(draft.object)} tries at once` : ''}.`,
  });
  const untilMs = begun.lastAtMs + STUCK_PAUSE_MS;
  if (untilMs <= facts.nowMs) return [];
  return draft.wait({
    id: `${id}/pause`,
    condition: `next attempt to ${title}`,
    detail: `the last attempt failed: ${last.message}`,
    pollMs: untilMs - facts.nowMs,
  });
}

/** Whether a drain of the node runs now; adds the wait for its end: what it evicts would only come back to be evicted again. */
export function isDraining(facts: Facts, init: DrainInit): boolean {
  const via = speakerOf(facts, init.cluster, init.node);
  const last = operationsOf(freshGuest(facts, via), operationPrefix('drain', drainSubject(init))).at(-1);
  if (last?.state !== 'running') return false;
  init.draft.wait({
    id: `machine/${init.node}/${init.scope}drain/done`,
    condition: `the drain of ${init.node} has ended`,
    detail: last.message,
    timeoutMs: init.cluster.deadlines.drainMs + 60_000,
    guest: via,
  });
  return true;
}

function drainSubject({ node, subject }: DrainInit): string {
  return `${node}/${subject}`;
}

/** A drain that nobody remembers beginning, or that was before the node was cordoned, says nothing about the pods of today. */
function isOfThisCordon({ ledger }: Facts, { node, scope }: DrainInit): boolean {
  const cordon = ledger.attempts[`machine/${node}/${scope}cordon`];
  const drain = ledger.attempts[`machine/${node}/${scope}drain`];
  return drain !== undefined && drain.lastAtMs >= (cordon?.lastAtMs ?? 0);
}
