import type { DesiredCluster } from '../../model/desired.ts';
import type { GuestNode } from '../../model/guest-status.ts';
import type { Draft } from './draft.ts';
import { type Facts, freshGuest, operationsOf } from './facts.ts';
import { nodeOf, speakerOf } from './health.ts';
import { operationPrefix, pauseAfter, planOperation } from './operation.ts';

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
  const due = isCordoned ? [] : pauseAfter(facts, draft, `machine/${node}/${scope}drain`, title, past);
  const cordoned = isCordoned
    ? needs
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
