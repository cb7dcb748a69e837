import type { DesiredCluster } from '../../model/desired.ts';
import type { Facts } from './facts.ts';
import { nodeOf } from './health.ts';
import type { NodeInputs } from './node.ts';
import type { UpgradeNeed } from './upgrade.ts';

/** A node with where it stands with regard to the wanted version. */
export interface NodePlan extends NodeInputs {
  readonly need: UpgradeNeed;
}

/** What must be over before a worker may be taken away; `null`: one that is away does not come back, so none is. */
export type Turn = readonly string[] | null;

/** Plans one worker when its turn comes. Gives what comes before its end, `null` when it does not get there. */
export type PlanWorker = (node: NodePlan, turn: Turn) => readonly string[] | null;

/**
 * Plans a cluster's workers so that at most `maxUnavailable` are away at one time. Those that are away already, for whatever reason, come first and
 * count until they are back and noted as done: running the new version is not yet being back.
 */
export function planWorkers(
  facts: Facts,
  cluster: DesiredCluster,
  workers: readonly NodePlan[],
  planWorker: PlanWorker,
): void {
  const most = Math.max(1, cluster.maxUnavailable);
  const away = workers.filter((node) => isAway(facts, cluster, node));
  const ends: (readonly string[] | null)[] = away.map((node) => planWorker(node, []));
  for (const node of workers.filter((entry) => !away.includes(entry))) {
    if (node.need.kind !== 'needed') {
      planWorker(node, []);
      continue;
    }
    const turn = turnOf(ends, away.length, most);
    const end = planWorker(node, turn);
    // One that cannot begin takes nobody's place.
    ends.push(turn === null ? null : (end ?? turn));
  }
}

/**
 * All but `most - 1` of those before must be over. Of those that are not away yet, each waits for the ones before it, so the last `most` say enough.
 */
function turnOf(ends: readonly (readonly string[] | null)[], awayCount: number, most: number): Turn {
  const last = ends.length - most;
  const before = ends.filter((_, index) => index <= last && (index < awayCount || index > last - most));
  return before.some((end) => end === null) ? null : [...new Set(before.flatMap((end) => end ?? []))];
}

function isAway(facts: Facts, cluster: DesiredCluster, { need, machine, road }: NodePlan): boolean {
  if (need.kind === 'busy' || (need.kind === 'needed' && need.begun)) return true;
  const node = nodeOf(facts, cluster, machine.name);
  if (!node) return false;
  const isNoted = road.mark?.spec.kubernetes?.version === cluster.version;
  return node.cordonedByUs || !node.ready || (need.kind === 'none' && road.up !== null && !isNoted);
}
