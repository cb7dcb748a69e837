/** The verbs that keep a node: stage, drain, backup, upgrade. */
import { asciiJson } from '../model/ascii-json.ts';
import { startServices } from './cluster.ts';
import type { SimCluster } from './cluster-state.ts';
import { memberOf } from './places.ts';
import { programDigest } from './seed-facts.ts';
import type { SimMember, WorldState } from './state.ts';
import { needApi, needState, OperationFailure, type OperationScene } from './verb-scene.ts';
import { compareVersions, isVersion, minorsBetween } from './versions.ts';

/** Puts the binaries of a version beside those that run. */
export function stage({ installed, input }: OperationScene): Record<string, string> {
  const version = versionOf(input);
  if (installed.kubernetes === null) throw new OperationFailure('nothing is installed yet: bootstrap comes first');
  if (!installed.staged.includes(version)) installed.staged = [...installed.staged, version];
  return { version };
}

/** A version that the input names under the key. */
export function versionOf(input: Readonly<Record<string, string>>, key = 'version'): string {
  const version = input[key] ?? '';
  if (!isVersion(version)) throw new OperationFailure(`there is no release "${version}"`);
  return version;
}

/** Evicts the pods of another node, to a ready node that takes them. */
export function drain(scene: OperationScene): Record<string, string> {
  const cluster = needApi(scene);
  const name = scene.input['node'] ?? '';
  const node = cluster.nodes[name];
  if (!node) throw new OperationFailure(`there is no node "${name}"`);
  if (!node.unschedulable) {
    node.unschedulable = true;
    node.cordonedByUs = true;
  }
  const taker = Object.values(cluster.nodes).find((other) => other !== node && other.ready && !other.unschedulable);
  if (taker) taker.evictablePods += node.evictablePods;
  node.evictablePods = 0;
  return {};
}

/** A copy of the datastore: the simulated cluster as JSON. */
export function backup(scene: OperationScene): Record<string, string> {
  const { state, domain, installed, id } = scene;
  needState(scene);
  const member = memberOf(state, domain);
  const cluster = member?.role === 'control-plane' ? state.clusters[member.clusterUid] : undefined;
  if (!cluster || !domain.run?.serviceActive) throw new OperationFailure('there is no running datastore to back up');
  const text = `${asciiJson({ kind: 'SimulatedBackup', version: member?.version, cluster })}\n`;
  installed.backups = { ...installed.backups, [id]: text };
  return { sha256: programDigest(text).slice('sha256:'.length), size: String(Buffer.byteLength(text)) };
}

/** Makes the node run a staged version, as upstream's rules allow. Done already is success. */
export function upgrade(scene: OperationScene): Record<string, string> {
  const { state, domain, installed, atMs } = scene;
  const version = versionOf(scene.input);
  needState(scene);
  const member = memberOf(state, domain);
  if (!member || installed.kubernetes === null)
    throw new OperationFailure(`${domain.name} is not a node of a cluster yet`);
  if (member.version === version && installed.kubernetes === version) return { version };

  if (!installed.staged.includes(version)) throw new OperationFailure(`${version} is not staged`);
  refuseSkew(scene, member, version);
  installed.kubernetes = version;
  installed.staged = installed.staged.filter((staged) => staged !== version);
  keepPrevious(state, member, version);
  member.version = version;
  delete member.apiVersion;
  startServices(state, domain, member, atMs);
  return { version };
}

/** What an upgrade that is cut off or fails on its way leaves: on a control plane the new API server under the kubelet before. */
export function upgradeHalfway({ state, domain, input, atMs }: OperationScene): void {
  const member = memberOf(state, domain);
  if (member?.role !== 'control-plane') return;
  const version = versionOf(input);
  keepPrevious(state, member, version);
  member.apiVersion = version;
  startServices(state, domain, member, atMs);
}

/** The version that runs stays at hand for going back, and before another minor runs the datastore too, of a member that is alone with it. */
function keepPrevious(state: WorldState, member: SimMember, version: string): void {
  if (member.version === version) return;
  member.previous = member.version;
  // Once a newer API server has run, what was kept stays as it was.
  if (member.apiVersion !== undefined && member.apiVersion !== member.version) return;
  delete member.before;
  const cluster = state.clusters[member.clusterUid];
  const isAlone = member.role === 'control-plane' && cluster?.controlPlanes.length === 1;
  if (isAlone && minorsBetween(member.version, version) !== 0) member.before = JSON.stringify(cluster);
}

function refuseSkew({ state }: OperationScene, member: SimMember, version: string): void {
  if (compareVersions(version, member.version) < 0) {
    throw new OperationFailure(`${member.version} cannot be downgraded to ${version}`);
  }
  const cluster = state.clusters[member.clusterUid];
  if (member.role === 'control-plane') {
    if (minorsBetween(member.version, version) > 1) {
      throw new OperationFailure(`a minor version cannot be skipped between ${member.version} and ${version}`);
    }
    return;
  }
  if (cluster && controlPlaneVersions(cluster).some((found) => compareVersions(version, found) > 0)) {
    throw new OperationFailure(`a worker cannot be newer (${version}) than its control plane`);
  }
}

function controlPlaneVersions(cluster: SimCluster): readonly string[] {
  return Object.values(cluster.nodes)
    .filter((node) => node.role === 'control-plane')
    .map((node) => node.version);
}
