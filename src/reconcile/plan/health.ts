import type { DesiredCluster } from '../../model/desired.ts';
import type { GuestNode } from '../../model/guest-status.ts';
import { type Facts, FRESH_READING_MS, freshGuest, guestReadAtMs, markOf } from './facts.ts';
import { isOutageOpen, isUnsettled, isVersionTakenBack } from './mark.ts';
import { openVersionQuarantine } from './quarantine.ts';
import { renewalOf } from './renewal.ts';
import { isOlder } from './version.ts';

/** Two healthy readings this far apart prove a node. */
export const PROOF_MS = 10_000;
/** Without a heartbeat for this long a node may be gone. */
const OLDEST_HEARTBEAT_MS = 120_000;

/**
 * The control plane that is asked about the cluster and told about a node: one that serves, and not the node itself where there is another. With
 * none that serves it is one that did, or the first.
 */
export function speakerOf(facts: Facts, cluster: DesiredCluster, node?: string): string {
  const others = cluster.controlPlanes.filter((name) => name !== node);
  const serves = (name: string) => freshGuest(facts, name)?.kubernetes?.apiReady === true;
  const served = (name: string) => (markOf(facts, name)?.provenAtMs ?? null) !== null;
  const found = others.find(serves) ?? cluster.controlPlanes.find(serves) ?? others.find(served);
  return found ?? cluster.controlPlanes[0] ?? node ?? '';
}

/** The node as the control plane's guest reports it; `null` while unknown or not a member. */
export function nodeOf(facts: Facts, cluster: DesiredCluster, name: string): GuestNode | null {
  const nodes = freshGuest(facts, speakerOf(facts, cluster))?.kubernetes?.nodes ?? [];
  return nodes.find((node) => node.name === name) ?? null;
}

/**
 * The version at which a node counts as well: the one that ran before while its root disk or definition is on trial or about to be changed, while it is
 * remedied, and where the wanted one was taken back; the one that runs where an older one is wanted, as nothing ever goes there; else the wanted one.
 */
export function goalVersion(facts: Facts, cluster: DesiredCluster, name: string): string {
  const mark = markOf(facts, name);
  const machine = facts.machines.get(name);
  const applied = mark?.spec.kubernetes?.version;
  if (!mark || !machine || applied === undefined) return cluster.version;
  // Also where a newer commit asks for a third version meanwhile: what is being taken back is taken back first.
  if (isVersionTakenBack(mark, cluster.version) || openVersionQuarantine(mark)) return applied;
  const running = freshGuest(facts, name)?.kubernetes?.version ?? applied;
  if (running === cluster.version) return cluster.version;
  const newer = [running, applied].find((version) => isOlder(cluster.version, version));
  if (newer !== undefined) return newer;
  const isSeenTo = isUnsettled(mark) || isOutageOpen(mark) || renewalOf(facts, machine, mark) !== null;
  return isSeenTo ? applied : cluster.version;
}

/** Whether the API server has a fresh heartbeat of the node; of one that it does not know it has none. */
export function isBeating(node: GuestNode | null): boolean {
  const ageMs = node?.heartbeatAgeMs ?? null;
  return ageMs !== null && ageMs <= OLDEST_HEARTBEAT_MS;
}

/** Why a node does not count as healthy at the version that it should run now, in words; `null` when it does. */
export function unhealthyReason(facts: Facts, cluster: DesiredCluster, name: string): string | null {
  const speaker = speakerOf(facts, cluster);
  const guest = freshGuest(facts, speaker);
  if (!guest?.kubernetes) return `${speaker} has not been read`;
  if (guest.kubernetes.apiReady !== true) return `the API server of ${speaker} is not ready`;
  const node = nodeOf(facts, cluster, name);
  if (!node) return 'not a member yet';
  if (!node.ready) return 'node is NotReady';
  const goal = goalVersion(facts, cluster, name);
  if (node.version !== goal) return `kubelet reports ${node.version}`;
  const served = freshGuest(facts, name)?.kubernetes?.apiVersion ?? goal;
  if (served !== goal) return `its API server reports ${served}`;
  if (!isBeating(node)) return 'no fresh heartbeat';
  return null;
}

/** Time of the reading if it is a healthy one; `null` if it is not. A node whose own guest is silent may be gone without its control plane knowing. */
export function healthReading(facts: Facts, cluster: DesiredCluster, name: string): number | null {
  if (freshGuest(facts, name) === null || unhealthyReason(facts, cluster, name) !== null) return null;
  return guestReadAtMs(facts, speakerOf(facts, cluster));
}

/** Whether two healthy readings, the present one included, stand `PROOF_MS` apart, with a heartbeat between them. */
export function isProven(facts: Facts, cluster: DesiredCluster, name: string): boolean {
  const readAtMs = healthReading(facts, cluster, name);
  const run = facts.ledger.healthy[name];
  if (readAtMs === null || run === undefined || readAtMs - run.lastAtMs > FRESH_READING_MS) return false;
  const beatAgeMs = nodeOf(facts, cluster, name)?.heartbeatAgeMs ?? Number.POSITIVE_INFINITY;
  return readAtMs - run.firstAtMs >= Math.max(PROOF_MS, beatAgeMs);
}
