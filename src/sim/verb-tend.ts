/** The verbs that look after a node: survey, renew-certificates, restart. */
import { certificateLifeMs, startApi, startServices } from './cluster.ts';
import { memberOf } from './places.ts';
import type { SimMember } from './state.ts';
import { needState, OperationFailure, type OperationScene } from './verb-scene.ts';

/** Volumes in use outside the kept paths, on the node itself or on the one that the input names. */
export function survey(scene: OperationScene): Record<string, string> {
  const { state, input } = scene;
  const member = memberIn(scene);
  const node = state.clusters[member.clusterUid]?.nodes[input['node'] ?? member.node];
  if (!node) throw new OperationFailure(`there is no node "${input['node'] ?? member.node}"`);
  return { outside: node.localData ?? '' };
}

/** A year more for the certificates of the cluster. The API server is away for a moment; the admin kubeconfig is another one then. */
export function renewCertificates(scene: OperationScene): Record<string, string> {
  const { state, domain, atMs } = scene;
  needState(scene);
  const member = memberIn(scene);
  const cluster = state.clusters[member.clusterUid];
  // A kubelet of a worker renews its own.
  if (member.role !== 'control-plane' || !cluster) return {};
  cluster.certificates = { serial: cluster.certificates.serial + 1, expireAtMs: atMs + certificateLifeMs };
  startApi(state, domain, member, atMs);
  return {};
}

/** The main service starts anew. */
export function restart(scene: OperationScene): Record<string, string> {
  const { state, domain, atMs } = scene;
  needState(scene);
  startServices(state, domain, memberIn(scene), atMs);
  return {};
}

function memberIn({ state, domain }: OperationScene): SimMember {
  const member = memberOf(state, domain);
  if (member) return member;
  throw new OperationFailure(`${domain.name} is not a node of a cluster yet`);
}
