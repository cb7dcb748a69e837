import type { DesiredCluster, DesiredMachine } from '../../model/desired.ts';
import type { Domain } from '../../model/observed.ts';
import type { MachineStatus } from '../../model/status.ts';
import { conditionsOf, type Health, type Share } from './conditions.ts';
import { domainsOf, freshWord, lastWord, nodeOf, ownMark, type Scene } from './scene.ts';

/** Desired machines, then those of ours that no manifest names any more. */
export function machineStatuses(scene: Scene): readonly MachineStatus[] {
  const wanted = scene.desired.machines.map((machine) => machineStatus(scene, machine));
  const names = new Set(scene.desired.machines.map(({ name }) => name));
  const unwanted = (domainsOf(scene) ?? []).filter((domain) => ownMark(scene, domain) && !names.has(domain.name));
  return [...wanted, ...unwanted.map((domain) => unwantedStatus(scene, domain))];
}

function machineStatus(scene: Scene, machine: DesiredMachine): MachineStatus {
  const { name, object, spec } = machine;
  const cluster = object.kind === 'Cluster' ? clusterNamed(scene, object.name) : null;
  const domain = domainsOf(scene)?.find((entry) => entry.name === name);
  const mark = ownMark(scene, domain);
  const word = lastWord(scene, name);
  const node = cluster && nodeOf(scene, cluster.name, name);
  return {
    name,
    cluster: cluster?.name ?? null,
    role: roleOf(cluster, name),
    state: domain ? domain.state : scene.observed.inventory.known ? 'absent' : 'unknown',
    address: mark?.address ?? word?.addresses.find(({ mac }) => mac.toLowerCase() === machine.mac)?.address ?? null,
    desiredVersion: cluster?.version ?? null,
    observedVersion: cluster === null ? null : (node?.version ?? word?.kubernetes?.version ?? null),
    image: `${spec.image.os} ${spec.image.version}`,
    generation: mark?.generation ?? null,
    guestReadAtMs: scene.observed.guests[name]?.atMs ?? null,
    conditions: conditions(scene, name, machineHealth(scene, machine, cluster)),
  };
}

/** A domain of ours that is to go, or that a guard keeps. */
function unwantedStatus(scene: Scene, domain: Domain): MachineStatus {
  const mark = ownMark(scene, domain);
  const health: Health = { status: 'False', reason: 'NotDesired', message: 'no manifest names it any more' };
  return {
    name: domain.name,
    cluster: mark?.object.kind === 'Cluster' ? mark.object.name : null,
    role: mark?.spec.kubernetes?.role ?? 'machine',
    state: domain.state,
    address: mark?.address ?? null,
    desiredVersion: null,
    observedVersion: lastWord(scene, domain.name)?.kubernetes?.version ?? null,
    image: mark ? `${mark.spec.image.os} ${mark.spec.image.version}` : null,
    generation: mark?.generation ?? null,
    guestReadAtMs: scene.observed.guests[domain.name]?.atMs ?? null,
    conditions: conditions(scene, domain.name, health),
  };
}

/** How a machine is by itself. */
export function machineHealth(scene: Scene, machine: DesiredMachine, cluster: DesiredCluster | null): Health {
  const { inventory } = scene.observed;
  if (!inventory.known) return unknown('HypervisorUnreachable', 'the hypervisor cannot be read');
  const domain = inventory.value.domains.find(({ name }) => name === machine.name);
  if (!domain) return unwell('NotCreated', 'there is no domain yet');
  if (!ownMark(scene, domain)) return unwell('Conflict', 'a domain of this name belongs to somebody else');
  if (machine.powerState === 'Off') {
    const isOff = domain.state === 'shut off' || domain.state === 'crashed';
    return isOff ? well('PoweredOff', 'switched off, as desired') : unwell('NotPoweredOff', `is ${domain.state}`);
  }
  if (domain.state !== 'running') return unwell('NotRunning', `is ${domain.state} (${domain.stateReason})`);
  if (!machine.needsGuestAgent) return well('Running', 'runs; its guest is not asked');
  const word = freshWord(scene, machine.name);
  if (!word) return unknown('GuestSilent', silence(scene, machine.name));
  if (machine.stateDisk && word.stateDisk !== 'mounted') {
    return unwell('StateDisk', `the state disk is not mounted: ${word.stateDisk}`);
  }
  return cluster ? nodeHealth(scene, machine.name, cluster) : well('Running', 'runs, and its guest answers');
}

function nodeHealth(scene: Scene, name: string, cluster: DesiredCluster): Health {
  const kubernetes = freshWord(scene, name)?.kubernetes;
  if (kubernetes?.phase !== 'initialised') return unwell('NotJoined', 'the guest is not a member of the cluster yet');
  const node = nodeOf(scene, cluster.name, name);
  if (!node) return unknown('NodeUnknown', 'no control plane has reported the node lately');
  if (!node.ready) return unwell('NodeNotReady', 'the node is NotReady');
  if (node.version !== cluster.version) {
    return unwell('NotUpToDate', `runs ${node.version}, desired is ${cluster.version}`);
  }
  return well('NodeReady', `the node is Ready at ${node.version}`);
}

function silence(scene: Scene, machine: string): string {
  const reading = scene.observed.guests[machine];
  if (!reading) return 'the guest has not answered yet';
  return reading.known ? 'the guest has been silent for a minute or more' : reading.reason;
}

function conditions(scene: Scene, name: string, health: Health): MachineStatus['conditions'] {
  const isIts = ({ target }: { readonly target: { readonly kind: string; readonly name: string } }) =>
    target.kind === 'Machine' && target.name === name;
  const { steps, waits, blocks } = scene.plan;
  const share: Share = { steps: steps.filter(isIts), waits: waits.filter(isIts), blocks: blocks.filter(isIts) };
  const before = scene.previous?.machines.find((machine) => machine.name === name)?.conditions ?? [];
  return conditionsOf(health, share, before, scene.nowMs);
}

function clusterNamed(scene: Scene, name: string): DesiredCluster | null {
  return scene.desired.clusters.find((cluster) => cluster.name === name) ?? null;
}

function roleOf(cluster: DesiredCluster | null, name: string): MachineStatus['role'] {
  if (!cluster) return 'machine';
  return cluster.controlPlanes.includes(name) ? 'control-plane' : 'worker';
}

export function well(reason: string, message: string): Health {
  return { status: 'True', reason, message };
}

export function unwell(reason: string, message: string): Health {
  return { status: 'False', reason, message };
}

export function unknown(reason: string, message: string): Health {
  return { status: 'Unknown', reason, message };
}
