import type { Facts } from './facts.ts';
import { nodeOf } from './health.ts';
import { wasNeverProven } from './mark.ts';
import { isJoinBegun } from './members.ts';
import { isUpgradeBegun } from './upgrade.ts';
import { isOlder } from './version.ts';
import type { End, NodePlan, Turn } from './window.ts';

/**
 * Control planes one by one: each when those before it are done and proven. What has begun is finished first, and waits for nobody. While one is still to
 * join, no other is changed: two cannot spare one another.
 */
export function inTurn(
  facts: Facts,
  nodes: readonly NodePlan[],
  plan: (node: NodePlan, turn: Turn) => End,
): ReadonlyMap<string, End> {
  const ends = new Map<string, End>();
  let turn: Turn = [];
  const begun = nodes.filter((node) => isBegun(facts, node));
  const joining = nodes.filter(isToJoin);
  const isLate = (node: NodePlan) => joining.some((other) => joinsBeforeChange(other, node));
  const others = nodes.filter((entry) => !begun.includes(entry));
  for (const node of [...begun, ...others.filter((entry) => !isLate(entry)), ...others.filter(isLate)]) {
    const end = plan(node, begun.includes(node) ? [] : turn);
    ends.set(node.machine.name, end);
    turn = turn === null || end === null ? null : [...new Set([...turn, ...end])];
  }
  return ends;
}

/** Whether a control plane is in the middle of a change, or of becoming a member. */
function isBegun(facts: Facts, node: NodePlan): boolean {
  const { machine, cluster, road } = node;
  if (cluster.controlPlanes.length === 1) return false;
  if (isMidway(node) || nodeOf(facts, cluster, machine.name)?.cordonedByUs) return true;
  // One that has joined at an older version is upgraded in its turn.
  if (road.mark === null || road.mark.provenAtMs !== null || node.need.kind === 'needed') return false;
  return isJoinBegun(facts, cluster, machine.name);
}

/** Whether a control plane never was a member, and is to become one. */
function isToJoin({ road: { mark }, need }: NodePlan): boolean {
  return mark?.joins === true && wasNeverProven(mark) && need.kind === 'none';
}

/** Whether a change of a member waits until another one has joined. One that was made at a newer version can join only after the upgrade of the others. */
function joinsBeforeChange(other: NodePlan, node: NodePlan): boolean {
  const { mark, replacement } = node.road;
  const isToChange = replacement !== null || (node.need.kind === 'needed' && !node.need.begun);
  if (!isToChange || isToJoin(node)) return false;
  const versionOf = (entry: typeof mark) => entry?.spec.kubernetes?.version ?? '';
  return !isOlder(versionOf(mark), versionOf(other.road.mark));
}

/** Whether a change of the node has begun and is not over: its root disk or definition is on trial or returns, or it is being upgraded. */
export function isMidway({ road, need }: NodePlan): boolean {
  return isUpgradeBegun(need) || road.phase !== 'steady';
}
