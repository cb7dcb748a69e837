/** The verbs that lead back: rollback and restore. */
import { lastingNodes, startServices } from './cluster.ts';
import type { SimCluster } from './cluster-state.ts';
import { kubernetesOf, memberOf, setMember } from './places.ts';
import { programDigest } from './seed-facts.ts';
import type { SimMember } from './state.ts';
import { versionOf } from './verb-maintain.ts';
import { needState, OperationFailure, type OperationScene } from './verb-scene.ts';
import { minorsBetween } from './versions.ts';

/** What `backup` writes. */
interface SimBackup {
  readonly kind: 'SimulatedBackup';
  readonly version: string;
  readonly cluster: SimCluster;
}

/**
 * Puts back the version before the last upgrade. The datastore goes back only on a single member on which the API server of another minor ran, to how
 * it was when the upgrade began, else to the backup; else what was written since stays. Done already is success.
 */
export function rollback(scene: OperationScene): Record<string, string> {
  const { state, domain, installed, input, atMs } = scene;
  const to = versionOf(input, 'to');
  needState(scene);
  const member = memberOf(state, domain);
  if (!member) throw new OperationFailure(`${domain.name} is not a node of a cluster yet`);
  const api = member.apiVersion ?? member.version;
  const isThere = installed.kubernetes === to && member.version === to && api === to;
  if (!isThere && member.version !== to && member.previous !== to) {
    throw new OperationFailure(`nothing of ${to} was kept on ${domain.name}`);
  }
  const cluster = state.clusters[member.clusterUid];
  const isSingle = cluster?.controlPlanes.length === 1;
  const goesBack = member.role === 'control-plane' && isSingle && minorsBetween(to, api) !== 0;
  if (goesBack && cluster) putBack(scene, cluster, keptData(member) ?? readBackup(scene).cluster);
  installed.kubernetes = to;
  member.version = to;
  delete member.apiVersion;
  delete member.before;
  if (!isThere || !domain.run?.serviceActive) startServices(state, domain, member, atMs);
  return { version: to, restored: goesBack ? 'yes' : 'no' };
}

/**
 * Brings a lost cluster of one control plane back on a fresh machine of the same name, from the backup that was uploaded. Other nodes stay nodes of
 * it: those that run find it again. Done already is success.
 */
export function restore(scene: OperationScene): Record<string, string> {
  const { state, domain, installed, input, atMs } = scene;
  const version = versionOf(input);
  needState(scene);
  if (kubernetesOf(domain)?.role !== 'control-plane') throw new OperationFailure('only a control plane is restored');
  if (installed.kubernetes === null) throw new OperationFailure('nothing is installed yet: bootstrap comes first');
  const present = memberOf(state, domain);
  if (present) {
    if (!domain.run?.serviceActive) startServices(state, domain, present, atMs);
    return { version: present.version };
  }
  const backup = readBackup(scene, input['sha256'] ?? '');
  if (minorsBetween(version, installed.kubernetes) !== 0) {
    throw new OperationFailure(`the backup is of ${version}, and ${installed.kubernetes} is installed`);
  }
  const lost = state.clusters[backup.cluster.uid];
  const cluster: SimCluster = lost ?? { ...structuredClone(backup.cluster), nodes: {} };
  state.clusters[cluster.uid] = cluster;
  cluster.controlPlanes = [domain.uuid];
  putBack(scene, cluster, backup.cluster);
  const member: SimMember = {
    clusterUid: cluster.uid,
    node: domain.name,
    role: 'control-plane',
    version: installed.kubernetes,
  };
  setMember(state, domain, member);
  startServices(state, domain, member, atMs);
  return { version: installed.kubernetes };
}

/** The datastore as the upgrade that is undone found it; `null`: it kept none. */
function keptData({ before }: SimMember): SimCluster | null {
  return before === undefined ? null : (JSON.parse(before) as SimCluster);
}

/** What the datastore holds becomes what it was. Kubelets that run go on reporting. */
function putBack({ state, atMs }: OperationScene, cluster: SimCluster, backup: SimCluster): void {
  const copy = structuredClone(backup);
  cluster.nodes = lastingNodes(state, cluster, copy.nodes, atMs);
  cluster.objects = copy.objects;
  cluster.tokens = copy.tokens;
  cluster.certificates = copy.certificates;
  // Whoever watches must not be told an older number than before.
  cluster.resourceVersion = Math.max(cluster.resourceVersion, copy.resourceVersion) + 1;
}

/** The backup of the operation that the input names; with a digest only if it is that of the file. */
function readBackup({ installed, input }: OperationScene, sha256?: string): SimBackup {
  const name = input['backup'] ?? '';
  const bytes = installed.backups[name];
  if (bytes === undefined) throw new OperationFailure(`there is no backup of operation "${name}" in the guest`);
  if (sha256 !== undefined && programDigest(Buffer.from(bytes, 'latin1')) !== `sha256:${sha256}`) {
    throw new OperationFailure('the uploaded backup does not have the digest that was told');
  }
  try {
    const parsed = JSON.parse(bytes) as Partial<SimBackup> | null;
    if (parsed?.kind === 'SimulatedBackup' && parsed.cluster) return parsed as SimBackup;
  } catch {
    // Said below.
  }
  throw new OperationFailure('the backup cannot be opened');
}
