import type { DesiredCluster } from '../../model/desired.ts';
import { type Facts, freshGuest, guestReadAtMs, markOf } from './facts.ts';
import { isBeating, nodeOf, speakerOf } from './health.ts';
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
  const taken: End[] = [];
  for (const node of away) {
    const end = rollout.plan(node, []);
    ends.set(node.machine.name, end);
    // Where this rollout has nothing to wait for, the node is away for another reason: until it is back nobody else goes.
    taken.push(end?.length === 0 && isGone(facts, cluster, node) ? null : end);
  }
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

/**
 * A member that is away for whatever reason: a rollout does not add to it. Of a machine that has just stopped, or was just started, the API server
 * still says Ready; one whose guest is silent while its heartbeats come serves.
 */
function isGone(facts: Facts, cluster: DesiredCluster, { machine: { name } }: NodePlan): boolean {
  const node = nodeOf(facts, cluster, name);
  if (node === null) return false;
  if (node.cordonedByUs || isJustCordoned(facts, cluster, name) || !node.ready || !isBeating(node)) return true;
  const domain = facts.domainsByName.get(name);
  const guest = freshGuest(facts, name);
  if (domain?.state !== 'running' || domain.agent === 'disconnected') return true;
  if (guest === null) return markOf(facts, name)?.provenAtMs === null;
  return guest.kubernetes?.serviceActive === false;
}

/** Cordoned by us since the reading that is at hand. */
function isJustCordoned(facts: Facts, cluster: DesiredCluster, name: string): boolean {
  const readAtMs = guestReadAtMs(facts, speakerOf(facts, cluster)) ?? 0;
  const steps = [`machine/${name}/cordon`, `machine/${name}/recreate/cordon`];
  return steps.some((step) => (facts.ledger.attempts[step]?.lastAtMs ?? -1) >= readAtMs);
}
