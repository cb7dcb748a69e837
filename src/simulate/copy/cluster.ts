import type { GuestNode } from '../../model/guest-status.ts';
import type { SimCluster, SimNode } from '../../sim/cluster-state.ts';
import { schedule } from '../../sim/events.ts';
import { nextUuid } from '../../sim/identity.ts';
import type { SimMember } from '../../sim/state.ts';
import type { Members } from './folder.ts';
import type { CopyScene, OwnMachine } from './source.ts';

const certificateLifeMs = 365 * 24 * 3_600_000;
const assumedPods = 2;

/** Every cluster of which a disk holds data, with its nodes as its control plane told, else as the disks say. */
export function copyClusters(scene: CopyScene, own: readonly OwnMachine[], members: Members): void {
  const byUid = new Map<string, [string, SimMember][]>();
  for (const [name, member] of members)
    byUid.set(member.clusterUid, [...(byUid.get(member.clusterUid) ?? []), [name, member]]);
  for (const [uid, found] of byUid) {
    if (!found.some(([, member]) => member.role === 'control-plane')) continue;
    const machines = own.filter((machine) => members.get(machine.name)?.clusterUid === uid);
    scene.world.clusters[uid] = clusterOf(scene, uid, machines, found);
  }
  fillCopies(scene);
}

/** What a copy of the only control plane's state disk holds is assumed to be the cluster as it is. */
function fillCopies({ world }: CopyScene): void {
  for (const folder of Object.values(world.folders)) {
    for (const [generation, { disk }] of Object.entries(folder.copies ?? {})) {
      const cluster = disk.member?.role === 'control-plane' ? world.clusters[disk.member.clusterUid] : undefined;
      if (cluster?.controlPlanes.length !== 1) continue;
      folder.copies = { ...folder.copies, [generation]: { disk, datastore: structuredClone(cluster) } };
    }
  }
}

function clusterOf(
  scene: CopyScene,
  uid: string,
  machines: readonly OwnMachine[],
  members: readonly [string, SimMember][],
): SimCluster {
  const { desired, nowMs } = scene;
  const [first = ''] = members.map(([name]) => name);
  const mark = machines[0]?.mark;
  const name = mark?.object.name ?? desired.machines.find((machine) => machine.name === first)?.object.name ?? first;
  const controlPlanes = machines.filter((machine) => machine.mark.spec.kubernetes?.role === 'control-plane');
  const told = controlPlanes.find((machine) => machine.status?.kubernetes?.apiReady)?.status?.kubernetes ?? null;
  const nodes: Record<string, SimNode> = {};
  for (const node of told?.nodes ?? []) nodes[node.name] = toldNode(scene, node, machines);
  for (const [member, place] of members) {
    nodes[member] ??= assumedNode(scene, place, machines.find((machine) => machine.name === member) ?? null);
  }
  return {
    uid,
    name,
    distribution: mark?.spec.kubernetes?.distribution ?? 'kubeadm',
    apiPort: desired.clusters.find((cluster) => cluster.name === name)?.apiPort ?? 6443,
    createdAtMs: nowMs,
    controlPlanes: controlPlanes.map((machine) => machine.uuid),
    certificates: { serial: 1, expireAtMs: told?.certificatesExpireAtMs ?? nowMs + certificateLifeMs },
    nodes,
    tokens: [],
    objects: {},
    resourceVersion: 1,
  };
}

function toldNode(scene: CopyScene, node: GuestNode, machines: readonly OwnMachine[]): SimNode {
  const { nowMs, world } = scene;
  const machine = machines.find((entry) => entry.name === node.name);
  const isLost = machine !== undefined && machine.domain?.state !== 'running';
  const copy: SimNode = {
    name: node.name,
    uid: nextUuid(world),
    role: machine?.mark.spec.kubernetes?.role ?? 'worker',
    createdAtMs: nowMs,
    machine: machine?.uuid ?? '',
    address: null,
    version: node.version,
    ready: node.ready,
    lostAtMs: isLost ? nowMs - (node.heartbeatAgeMs ?? 0) : null,
    unschedulable: node.unschedulable,
    cordonedByUs: node.cordonedByUs,
    evictablePods: node.evictablePods ?? assumedPods,
  };
  if (isLost && node.ready) {
    const dueMs = Math.max(nowMs, (copy.lostAtMs ?? nowMs) + world.durations.nodeLost);
    const member = [...Object.values(world.folders)].find((folder) => folder.machine === node.name);
    const of = member?.stateDisk?.member?.clusterUid;
    if (of !== undefined) schedule(world, { atMs: dueMs, kind: 'lost', of, about: node.name });
  }
  return copy;
}

/** The node of a machine that is a member for all that is known. */
function assumedNode({ nowMs, world }: CopyScene, place: SimMember, machine: OwnMachine | null): SimNode {
  const isUp = machine?.domain?.state === 'running';
  return {
    name: place.node,
    uid: nextUuid(world),
    role: place.role,
    createdAtMs: nowMs,
    machine: machine?.uuid ?? '',
    address: null,
    version: place.version,
    ready: isUp,
    lostAtMs: isUp ? null : nowMs,
    unschedulable: false,
    cordonedByUs: false,
    evictablePods: assumedPods,
  };
}
