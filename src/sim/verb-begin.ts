/** The verbs that make a machine a node: bootstrap and join. */
import { createCluster, isApiReady, startServices } from './cluster.ts';
import type { SimCluster } from './cluster-state.ts';
import { kubernetesOf, memberOf, setMember } from './places.ts';
import { isWhole } from './quorum.ts';
import type { SimMember } from './state.ts';
import { needState, OperationFailure, type OperationScene } from './verb-scene.ts';

/**
 * Installs Kubernetes; on a control plane makes the cluster, or takes up the one whose data the state disk holds. A worker stops at `installed`
 * unless it was a member before, and so does a control plane that is to join or to be restored.
 */
export function bootstrap(scene: OperationScene): Record<string, string> {
  const { state, domain, installed, atMs } = scene;
  const spec = kubernetesOf(domain);
  needState(scene);
  const member = memberOf(state, domain);
  // What last ran with the data comes before what the seed names.
  const version = member?.version ?? installed.kubernetes ?? installed.version ?? spec?.version;
  if (!spec || version === undefined) throw new OperationFailure('this machine is not a Kubernetes node');
  installed.kubernetes = version;
  if (member) {
    if (!domain.run?.serviceActive) startServices(state, domain, member, atMs);
  } else if (spec.role === 'control-plane' && !installed.restore && !installed.joins) {
    createCluster(state, domain, version, atMs);
    const made = memberOf(state, domain);
    if (made) startServices(state, domain, made, atMs);
  }
  return { version };
}

/** Joins the cluster whose token the input holds. Done already is success. */
export function join(scene: OperationScene): Record<string, string> {
  const { state, domain, installed, atMs } = scene;
  if (installed.kubernetes === null) throw new OperationFailure('nothing is installed yet: bootstrap comes first');
  needState(scene);
  const cluster = clusterToJoin(scene);
  const member = memberOf(state, domain);
  if (member && member.clusterUid !== cluster.uid)
    throw new OperationFailure('this node is a member of another cluster');
  if (member && domain.run?.serviceActive && cluster.nodes[member.node]) return {};
  if (!isApiReady(state, cluster)) throw new OperationFailure('the API server does not answer');
  const known = cluster.nodes[domain.name];
  if (!member && known?.ready)
    throw new OperationFailure(`a Ready node "${domain.name}" exists in the cluster already`);
  const version = installed.kubernetes;
  const role = kubernetesOf(domain)?.role ?? 'worker';
  // As etcd has it: nobody new comes in while a member is away.
  if (role === 'control-plane' && !member && !isWhole(state, cluster, domain))
    throw new OperationFailure('a member of the datastore does not answer: nobody joins it now');
  const joined: SimMember = { clusterUid: cluster.uid, node: domain.name, role, version };
  setMember(state, domain, joined);
  if (role === 'control-plane' && !cluster.controlPlanes.includes(domain.uuid)) cluster.controlPlanes.push(domain.uuid);
  startServices(state, domain, joined, atMs);
  return {};
}

/** The one that minted the token in the input, not too long ago. */
function clusterToJoin({ state, input, atMs }: OperationScene): SimCluster {
  const offered = input['token'] ?? '';
  const found = Object.values(state.clusters).find((cluster) =>
    cluster.tokens.some((minted) => minted.token === offered && minted.expiresAtMs > atMs),
  );
  if (found) return found;
  throw new OperationFailure('no cluster accepts the join token: it is missing, unknown or expired');
}
