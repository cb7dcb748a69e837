import type { SimCluster, SimNode } from './cluster-state.ts';
import { cancel, schedule } from './events.ts';
import { durationMs, failureOf } from './fault.ts';
import { nextUuid } from './identity.ts';
import { addressOf, kubernetesOf, memberOf, rootOf, setMember } from './places.ts';
import { isServing } from './quorum.ts';
import type { SimDomain, SimMember, WorldState } from './state.ts';

/** As upstream's: a year. */
export const certificateLifeMs = 365 * 24 * 3_600_000;
const defaultPods = 2;

/** A new, empty cluster whose first control plane is the machine. */
export function createCluster(state: WorldState, domain: SimDomain, version: string, atMs: number): SimCluster {
  const uid = nextUuid(state);
  const cluster: SimCluster = {
    uid,
    name: objectName(domain),
    distribution: kubernetesOf(domain)?.distribution ?? 'kubeadm',
    apiPort: 6443,
    createdAtMs: atMs,
    controlPlanes: [domain.uuid],
    certificates: { serial: 1, expireAtMs: atMs + certificateLifeMs },
    nodes: {},
    tokens: [],
    objects: {},
    resourceVersion: 1,
  };
  state.clusters[uid] = cluster;
  setMember(state, domain, { clusterUid: uid, node: domain.name, role: 'control-plane', version });
  return cluster;
}

function objectName(domain: SimDomain): string {
  return domain.mark !== null && domain.mark !== 'unreadable' ? domain.mark.object.name : domain.name;
}

/**
 * The kubelet has started: the API server comes up on a control plane, and the node becomes Ready a little later. A member that the datastore has
 * removed finds nobody to talk to.
 */
export function startServices(state: WorldState, domain: SimDomain, member: SimMember, atMs: number): void {
  if (!domain.run) return;
  domain.run.serviceActive = true;
  const cluster = state.clusters[member.clusterUid];
  if (cluster && member.role === 'control-plane' && !cluster.controlPlanes.includes(domain.uuid)) return;
  if (cluster) registerNode(state, cluster, domain, member, atMs);
  if (member.role === 'worker') {
    scheduleReady(state, domain, atMs);
    return;
  }
  startApi(state, domain, member, atMs);
}

/** The API server of a control plane starts anew; the kubelet and its node stay as they are. */
export function startApi(state: WorldState, domain: SimDomain, member: SimMember, atMs: number): void {
  if (!domain.run) return;
  domain.run.apiReady = false;
  cancel(state, (event) => event.kind === 'api' && event.of === domain.uuid);
  const about = [member.apiVersion ?? member.version, ...imageOf(state, domain)];
  if (failureOf(state, 'apiStart', domain.name, about) !== null) return;
  const dueMs = atMs + durationMs(state, 'apiStart', domain.name);
  schedule(state, { atMs: dueMs, kind: 'api', of: domain.uuid, about: domain.run.bootId });
}

function registerNode(
  state: WorldState,
  cluster: SimCluster,
  domain: SimDomain,
  member: SimMember,
  atMs: number,
): void {
  const known = cluster.nodes[member.node];
  const node = known ?? newNode(state, member, domain, atMs);
  cluster.nodes[member.node] = node;
  node.machine = domain.uuid;
  node.address = addressOf(state, domain);
  node.ready = false;
  node.lostAtMs = null;
  // The kubelet writes its version when it registers; an API server that is down hears of it when it is back.
  node.version = member.version;
}

function newNode(state: WorldState, member: SimMember, domain: SimDomain, atMs: number): SimNode {
  return {
    name: member.node,
    uid: nextUuid(state),
    role: member.role,
    createdAtMs: atMs,
    machine: domain.uuid,
    address: null,
    version: member.version,
    ready: false,
    lostAtMs: null,
    unschedulable: false,
    cordonedByUs: false,
    evictablePods: defaultPods,
  };
}

function scheduleReady(state: WorldState, domain: SimDomain, atMs: number): void {
  if (!domain.run) return;
  const dueMs = atMs + durationMs(state, 'nodeReady', domain.name);
  schedule(state, { atMs: dueMs, kind: 'ready', of: domain.uuid, about: domain.run.bootId });
}

/** The API server of a control plane answers: nodes that wait for it report now. */
export function becomeApiReady(state: WorldState, domain: SimDomain, atMs: number): void {
  const member = memberOf(state, domain);
  const cluster = member ? state.clusters[member.clusterUid] : undefined;
  if (!domain.run || !cluster) return;
  domain.run.apiReady = true;
  for (const node of Object.values(cluster.nodes)) {
    const machine = state.domains[node.machine];
    if (!node.ready && node.lostAtMs === null && machine?.run?.serviceActive) scheduleReady(state, machine, atMs);
  }
}

/** The kubelet reports Ready, if an API server is there to hear it. */
export function becomeNodeReady(state: WorldState, domain: SimDomain): void {
  const member = memberOf(state, domain);
  const cluster = member ? state.clusters[member.clusterUid] : undefined;
  const node = member ? cluster?.nodes[member.node] : undefined;
  if (!cluster || !node || !isApiReady(state, cluster)) return;
  if (failureOf(state, 'nodeReady', domain.name, [node.version, ...imageOf(state, domain)]) !== null) return;
  node.ready = true;
  node.version = member?.version ?? node.version;
  node.lostAtMs = null;
}

/** The image under the root disk that runs. */
function imageOf(state: WorldState, domain: SimDomain): readonly string[] {
  const root = rootOf(state, domain);
  return root ? [root.imageDigest] : [];
}

/** Whether some control plane's API server answers. */
export function isApiReady(state: WorldState, cluster: SimCluster): boolean {
  return cluster.controlPlanes.some((uuid) => isServing(state, cluster, state.domains[uuid]));
}

/** The machine of a node is gone from the network: its heartbeats end. */
export function loseNode(state: WorldState, domain: SimDomain, atMs: number): void {
  const member = memberOf(state, domain);
  const node = member ? state.clusters[member.clusterUid]?.nodes[member.node] : undefined;
  if (!member || !node || node.lostAtMs !== null) return;
  node.lostAtMs = atMs;
  const dueMs = atMs + durationMs(state, 'nodeLost', domain.name);
  schedule(state, { atMs: dueMs, kind: 'lost', of: member.clusterUid, about: member.node });
}

/** The machine of a lost node goes on where it was. */
export function findNode(state: WorldState, domain: SimDomain, atMs: number): void {
  const member = memberOf(state, domain);
  const node = member ? state.clusters[member.clusterUid]?.nodes[member.node] : undefined;
  if (!node || !domain.run?.serviceActive) return;
  node.lostAtMs = null;
  if (!node.ready) scheduleReady(state, domain, atMs);
}

/** The grace period of a lost node has passed. */
export function becomeNotReady(state: WorldState, clusterUid: string, name: string, atMs: number): void {
  const node = state.clusters[clusterUid]?.nodes[name];
  if (!node || node.lostAtMs === null || node.lostAtMs > atMs) return;
  if (atMs - node.lostAtMs >= Math.round(state.durations.nodeLost / state.speed)) node.ready = false;
}

/** Forgets clusters whose data is on no disk any more, copies and retained ones included. */
export function dropLostClusters(state: WorldState): void {
  const kept = new Set<string>();
  const keep = (member: SimMember | null | undefined): void => {
    if (member?.role === 'control-plane') kept.add(member.clusterUid);
  };
  for (const folder of Object.values(state.folders)) {
    keep(folder.stateDisk?.member);
    keep(folder.setAside?.member);
    for (const copy of Object.values(folder.copies ?? {})) keep(copy.disk.member);
    for (const root of Object.values(folder.generations)) keep(root.installed?.member);
  }
  for (const retained of state.retained) keep(retained.disk.member);
  for (const uid of Object.keys(state.clusters)) if (!kept.has(uid)) delete state.clusters[uid];
}

/**
 * The nodes of a datastore that was put back: the objects are those of the backup, what the kubelets of today report stays. A node whose machine does
 * not run is lost once its grace period is over.
 */
export function lastingNodes(
  state: WorldState,
  cluster: SimCluster,
  nodes: Record<string, SimNode>,
  atMs: number,
): Record<string, SimNode> {
  for (const node of Object.values(nodes)) {
    const today = cluster.nodes[node.name];
    if (today) {
      const { machine, address, version, ready, lostAtMs, evictablePods } = today;
      Object.assign(node, { machine, address, version, ready, lostAtMs, evictablePods });
      continue;
    }
    const domain = state.domains[node.machine];
    if (domain?.run?.serviceActive) {
      node.version = memberOf(state, domain)?.version ?? node.version;
      continue;
    }
    node.lostAtMs = atMs;
    const dueMs = atMs + durationMs(state, 'nodeLost', node.name);
    schedule(state, { atMs: dueMs, kind: 'lost', of: cluster.uid, about: node.name });
  }
  return nodes;
}

/** Takes back a cordon that is ours; somebody else's stays. */
export function uncordonOurs(node: SimNode): void {
  if (!node.cordonedByUs) return;
  node.cordonedByUs = false;
  node.unschedulable = false;
}
