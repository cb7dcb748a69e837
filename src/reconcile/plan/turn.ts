import type { Facts } from './facts.ts';
import { nodeOf } from './health.ts';
import { isJoinBegun } from './members.ts';
import { isUpgradeBegun } from './upgrade.ts';
import { isOlder } from './version.ts';
import type { End, NodePlan, Turn } from './window.ts';

/**
 * Control planes one by one: each when those before it are done and proven. What has begun is finished first, and waits for nobody. While one is still to
 * join at an older version than is wanted, nobody is upgraded: two cannot spare one another.
 */
export function inTurn(
  facts: Facts,
  nodes: readonly NodePlan[],
  plan: (node: NodePlan, turn: Turn) => End,
): ReadonlyMap<string, End> {
  const ends = new Map<string, End>();
  let turn: Turn = [];
  const begun = nodes.filter((node) => isBegun(facts, node));
  const isLate = nodes.some(joinsBeforeUpgrades)
    ? ({ need }: NodePlan) => need.kind === 'needed' && !need.begun
    : () => false;
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

function joinsBeforeUpgrades({ road, need, cluster }: NodePlan): boolean {
  const { mark } = road;
  if (mark?.joins !== true || mark.provenAtMs !== null || need.kind !== 'none') return false;
  return isOlder(mark.spec.kubernetes?.version ?? cluster.version, cluster.version);
}

/** Whether a change of the node has begun and is not over: its root disk or definition is on trial or returns, or it is being upgraded. */
export function isMidway({ road, need }: NodePlan): boolean {
  return isUpgradeBegun(need) || road.phase !== 'steady';
}
