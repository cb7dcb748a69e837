import { KreError } from '../model/error.ts';
import { uncordonOurs } from './cluster.ts';
import type { SimCluster, SimNode } from './cluster-state.ts';
import { nextToken } from './identity.ts';
import { addressOf, memberOf } from './places.ts';
import { programDigest } from './seed-facts.ts';
import type { SimDomain, WorldState } from './state.ts';
import { needApi, OperationFailure } from './verb-scene.ts';

/** The short verbs that act on the cluster. */
export type ClusterCall = 'join-info' | 'cordon' | 'uncordon' | 'remove-member' | 'remove-node';

/** Runs a short verb on a control plane; `GuestOperation` with what the guest would say if it refuses. */
export function callGuest(
  state: WorldState,
  domain: SimDomain,
  call: ClusterCall,
  input: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  try {
    const cluster = needApi({ state, domain });
    if (call === 'join-info') return mintJoin(state, domain, cluster, input['node'] ?? '');
    const name = input['node'] ?? '';
    if (call === 'remove-member' || call === 'remove-node') {
      removeMember(state, domain, cluster, name);
      if (call === 'remove-node') delete cluster.nodes[name];
      return {};
    }
    if (call === 'cordon') cordon(nodeNamed(cluster, name));
    else uncordonOurs(nodeNamed(cluster, name));
    return {};
  } catch (thrown) {
    if (!(thrown instanceof OperationFailure)) throw thrown;
    throw new KreError({
      code: 'GuestOperation',
      message: `${call} on ${domain.name}: ${thrown.message}`,
      hint: 'See what the guest says: `kreconcile status`.',
      disposition: 'retry',
    });
  }
}

/** Out of the datastore; nobody takes out the member that it speaks through. */
function removeMember(state: WorldState, via: SimDomain, cluster: SimCluster, name: string): void {
  const uuid = cluster.nodes[name]?.machine ?? state.names[name];
  const isMember = uuid !== undefined && cluster.controlPlanes.includes(uuid);
  if (isMember && uuid === via.uuid) throw new OperationFailure(`${name} cannot take itself out of the datastore`);
  if (isMember) cluster.controlPlanes = cluster.controlPlanes.filter((member) => member !== uuid);
}

function nodeNamed(cluster: SimCluster, name: string): SimNode {
  const node = cluster.nodes[name];
  if (!node) throw new OperationFailure(`there is no node "${name}"`);
  return node;
}

/** A node that somebody else cordoned keeps their cordon, and gets no mark of ours. */
function cordon(node: SimNode): void {
  if (node.unschedulable) return;
  node.unschedulable = true;
  node.cordonedByUs = true;
}

function mintJoin(
  state: WorldState,
  domain: SimDomain,
  cluster: SimCluster,
  node: string,
): Readonly<Record<string, string>> {
  forgetLostMember(state, cluster, node);
  const token = nextToken(state);
  cluster.tokens = cluster.tokens.filter((minted) => minted.expiresAtMs > state.atMs);
  cluster.tokens.push({ token, expiresAtMs: state.atMs + state.durations.tokenLife });
  return { token, caHash: programDigest(cluster.uid), address: addressOf(state, domain) ?? '' };
}

/** A member whose machine came back without its disk is none any more: under its name a new one joins. */
function forgetLostMember(state: WorldState, cluster: SimCluster, node: string): void {
  const uuid = state.names[node];
  const domain = uuid === undefined ? undefined : state.domains[uuid];
  if (!domain || memberOf(state, domain)) return;
  cluster.controlPlanes = cluster.controlPlanes.filter((member) => member !== uuid);
}
