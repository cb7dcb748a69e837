import type { GuestKubernetes, GuestNode, GuestStatus } from '../model/guest-status.ts';
import type { SimCluster, SimNode } from './cluster-state.ts';
import { addressOf, hasStateDisk, installedOf, kubernetesOf, markOf, memberOf } from './places.ts';
import { isServing } from './quorum.ts';
import type { InstalledRoot, SimDomain, SimRun, WorldState } from './state.ts';

const nodesShown = 200;
/** The kubelet renews its lease every 10 s (upstream's default). */
const heartbeatMs = 10_000;

/** What `status` answers in a guest whose agent is connected. The kubeconfig's digest is the caller's to know. */
export function guestStatus(
  state: WorldState,
  domain: SimDomain,
  run: SimRun,
  kubeconfigDigest: string | null,
): GuestStatus {
  const installed = installedOf(state, domain);
  const image = markOf(domain)?.spec.image;
  const card = (domain.live ?? domain.next).interfaces[0];
  const address = addressOf(state, domain);
  return {
    program: installed?.program ?? state.program,
    bootId: run.bootId,
    hostname: domain.name,
    os: image ? { id: image.os, version: image.version } : null,
    cloudInit: installed?.cloudInit ?? 'absent',
    addresses: card && address !== null ? [{ mac: card.mac, address }] : [],
    stateDisk: hasStateDisk(domain) ? run.stateDisk : 'none',
    kubernetes: installed && kubernetesOf(domain) ? kubernetes(state, domain, run, installed, kubeconfigDigest) : null,
    veto: installed?.veto?.slice(0, 200) ?? null,
    operations: (installed?.operations ?? []).map(({ input: _secret, ...shown }) => shown),
  };
}

function kubernetes(
  state: WorldState,
  domain: SimDomain,
  run: SimRun,
  installed: InstalledRoot,
  kubeconfigDigest: string | null,
): GuestKubernetes {
  const member = memberOf(state, domain);
  const cluster = member ? state.clusters[member.clusterUid] : undefined;
  const isControlPlane = kubernetesOf(domain)?.role === 'control-plane';
  // A control plane asks its own API server, and no other.
  const answering = isControlPlane && cluster && isServing(state, cluster, domain) ? cluster : null;
  const nodes = answering ? Object.values(answering.nodes) : [];
  return {
    phase: installed.kubernetes === null ? 'absent' : member ? 'initialised' : 'installed',
    version: installed.kubernetes,
    serviceActive: run.serviceActive,
    apiReady: isControlPlane ? answering !== null : null,
    apiVersion: answering !== null ? (member?.apiVersion ?? member?.version ?? null) : null,
    staged: installed.staged,
    nodes: nodes.slice(0, nodesShown).map((node) => nodeSummary(node, state.atMs)),
    nodesTotal: nodes.length,
    kubeconfigDigest: isControlPlane && cluster ? kubeconfigDigest : null,
    certificatesExpireAtMs: isControlPlane ? (cluster?.certificates.expireAtMs ?? null) : null,
    clusterUid: answering?.uid ?? null,
  };
}

function nodeSummary(node: SimNode, nowMs: number): GuestNode {
  return {
    name: node.name,
    ready: node.ready,
    version: node.version,
    heartbeatAgeMs: node.lostAtMs === null ? nowMs % heartbeatMs : nowMs - node.lostAtMs,
    unschedulable: node.unschedulable,
    cordonedByUs: node.cordonedByUs,
    evictablePods: node.evictablePods,
  };
}

/** The cluster whose kubeconfig the guest could hand out; `null` on workers and before there is one. */
export function clusterServedBy(state: WorldState, domain: SimDomain): SimCluster | null {
  const member = memberOf(state, domain);
  return member?.role === 'control-plane' ? (state.clusters[member.clusterUid] ?? null) : null;
}
