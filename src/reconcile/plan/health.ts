import type { DesiredCluster } from '../../model/desired.ts';
import type { GuestNode } from '../../model/guest-status.ts';
import { type Facts, FRESH_READING_MS, freshGuest, guestReadAtMs } from './facts.ts';

/** Two healthy readings this far apart prove a node. */
export const PROOF_MS = 10_000;
const OLDEST_HEARTBEAT_MS = 120_000;

/** The node as the control plane's guest reports it; `null` while unknown or not a member. */
export function nodeOf(facts: Facts, cluster: DesiredCluster, name: string): GuestNode | null {
  const [controlPlane] = cluster.controlPlanes;
  const guest = controlPlane === undefined ? null : freshGuest(facts, controlPlane);
  return guest?.kubernetes?.nodes.find((node) => node.name === name) ?? null;
}

/** Why a node does not count as healthy at the wanted version, in words; `null` when it does. */
export function unhealthyReason(facts: Facts, cluster: DesiredCluster, name: string): string | null {
  const [controlPlane = ''] = cluster.controlPlanes;
  const guest = freshGuest(facts, controlPlane);
  if (!guest?.kubernetes) return `${controlPlane} has not been read`;
  if (guest.kubernetes.apiReady !== true) return `the API server of ${controlPlane} is not ready`;
  const node = nodeOf(facts, cluster, name);
  if (!node) return 'not a member yet';
  if (!node.ready) return 'node is NotReady';
  if (node.version !== cluster.version) return `kubelet reports ${node.version}`;
  if (node.heartbeatAgeMs === null || node.heartbeatAgeMs > OLDEST_HEARTBEAT_MS) return 'no fresh heartbeat';
  return null;
}

/** Time of the reading if it is a healthy one; `null` if it is not. */
export function healthReading(facts: Facts, cluster: DesiredCluster, name: string): number | null {
  if (unhealthyReason(facts, cluster, name) !== null) return null;
  return guestReadAtMs(facts, cluster.controlPlanes[0] ?? '');
}

/** Whether two healthy readings, the present one included, stand `PROOF_MS` apart. */
export function isProven(facts: Facts, cluster: DesiredCluster, name: string): boolean {
  const readAtMs = healthReading(facts, cluster, name);
  const run = facts.ledger.healthy[name];
  if (readAtMs === null || run === undefined || readAtMs - run.lastAtMs > FRESH_READING_MS) return false;
  return readAtMs - run.firstAtMs >= PROOF_MS;
}
