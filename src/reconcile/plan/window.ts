import type { DesiredCluster } from '../../model/desired.ts';
import type { Facts } from './facts.ts';
import { nodeOf } from './health.ts';
import type { NodeInputs } from './node.ts';
import type { UpgradeNeed } from './upgrade.ts';

/** A node with where it stands with regard to the wanted version. */
export interface NodePlan extends NodeInputs {
  readonly need: UpgradeNeed;
  /** What must come before a disk can be made on an image, by digest. */
  readonly images: ReadonlyMap<string, readonly string[]>;
  /** Nodes of the cluster whose change failed and was taken back, or is being taken back. */
  readonly failed: readonly string[];
}

/** What must come before a node's end is reached; `null`: it does not get there. */
export type End = readonly string[] | null;
/** What must be over before a node may be taken away; `null`: one that is away does not come back, so none is. */
export type Turn = readonly string[] | null;

/** A rollout over the workers of a cluster. */
export interface Rollout {
  /** Whether the node is still to be changed. */
  isDue(node: NodePlan): boolean;
  /** Whether the node is away now because of such a change. */
  isAway(node: NodePlan): boolean;
  /** Plans one node when its turn comes. */
  plan(node: NodePlan, turn: Turn): End;
}

/**
 * Plans a cluster's workers so that at most `maxUnavailable` are away at one time, and one alone first while none has been changed yet. Those
 * that are away already, for whatever reason, come first and count until they are back: running the new version is not yet being back.
 */
export function planWorkers(
  facts: Facts,
  cluster: DesiredCluster,
  workers: readonly NodePlan[],
  rollout: Rollout,
): ReadonlyMap<string, End> {
  const ends = new Map<string, End>();
  const most = Math.max(1, cluster.maxUnavailable);
  const isAway = (node: NodePlan) => rollout.isAway(node) || isGone(facts, cluster, node);
  const away = workers.filter(isAway);
  const due = workers.filter((node) => !away.includes(node) && rollout.isDue(node));
  const isCanaryOut = workers.some((node) => !away.includes(node) && !due.includes(node));
  const taken: End[] = away.map((node) => rollout.plan(node, []));
  for (const [index, node] of away.entries()) ends.set(node.machine.name, taken[index] ?? null);
  for (const node of workers.filter((entry) => !away.includes(entry))) {
    if (!due.includes(node)) {
      ends.set(node.machine.name, rollout.plan(node, []));
      continue;
    }
    const turn = turnOf(
      taken,
      away.length,
      isCanaryOut || taken.length === 0 ? most : mostAfterCanary(taken.length, most),
    );
    const end = rollout.plan(node, turn);
    ends.set(node.machine.name, end);
    // One that cannot begin takes nobody's place.
    taken.push(turn === null ? null : (end ?? turn));
  }
  return ends;
}

/** The first one is alone: all that come directly after it wait for its end. */
function mostAfterCanary(taken: number, most: number): number {
  return Math.min(most, taken);
}

/**
 * All but `most - 1` of those before must be over. Of those that are not away yet, each waits for the ones before it, so the last `most` say enough.
 */
function turnOf(ends: readonly End[], awayCount: number, most: number): Turn {
  const last = ends.length - most;
  const before = ends.filter((_, index) => index <= last && (index < awayCount || index > last - most));
  return before.some((end) => end === null) ? null : [...new Set(before.flatMap((end) => end ?? []))];
}

/** Away for whatever reason: a rollout does not add to it. */
function isGone(facts: Facts, cluster: DesiredCluster, { machine }: NodePlan): boolean {
  const node = nodeOf(facts, cluster, machine.name);
  return node !== null && (node.cordonedByUs || !node.ready);
}
