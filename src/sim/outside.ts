/** What other people do to the host behind kreconcile's back: for tests, rehearsals and the curious. Machines are named, as a person would. */
import { KreError } from '../model/error.ts';
import type { Mark } from '../model/mark.ts';
import type { DomainShape } from '../model/observed.ts';
import { dropLostClusters, loseNode } from './cluster.ts';
import { addDomain } from './domains.ts';
import type { SimFault } from './fault.ts';
import type { SimHand } from './hand.ts';
import { nextUuid } from './identity.ts';
import { save } from './power.ts';
import type { SimDomain } from './state.ts';
import type { SimWorld } from './world.ts';

/** Somebody else's defined, stopped domain: without a mark, or with that of another owner. */
export function addForeignDomain(
  world: SimWorld,
  name: string,
  options: { readonly owner?: string } = {},
): Promise<{ readonly name: string; readonly uuid: string }> {
  return world.change(({ state }) => {
    const uuid = nextUuid(state);
    const disks = [{ target: 'vda', path: `/var/lib/libvirt/images/${name}.qcow2`, serial: null }];
    const next: DomainShape = {
      cpus: 1,
      maxCpus: 1,
      memoryMiB: 1024,
      machineType: 'pc-q35-7.2',
      acceleration: 'kvm',
      disks,
      interfaces: [],
    };
    addDomain(state, { uuid, name, mark: options.owner === undefined ? null : foreignMark(name, options.owner), next });
    return { name, uuid };
  });
}

function foreignMark(name: string, owner: string): Mark {
  const image = {
    digest: `sha256:${'f'.repeat(64)}`,
    os: 'debian',
    version: '13',
    arch: 'x86_64',
    format: 'qcow2',
  } as const;
  return {
    schema: 1,
    owner,
    object: { kind: 'Machine', name },
    machine: name,
    spec: {
      image,
      cpus: 1,
      memoryMiB: 1024,
      diskMiB: 10_240,
      stateDiskMiB: null,
      cpuMode: 'host-model',
      firmware: 'bios',
      network: { name: 'default', attach: { kind: 'network', name: 'default' }, addressing: null },
      address: null,
      access: { user: null, sshAuthorizedKeys: [] },
      userDataDigest: null,
      kubernetes: null,
    },
    address: null,
    generation: 1,
    previousGeneration: null,
    provenAtMs: null,
    quarantined: [],
    prune: 'Confirm',
    deletionPolicy: 'Retain',
    revision: '',
  };
}

function onDomain(world: SimWorld, name: string, act: (hand: SimHand, domain: SimDomain) => void): Promise<void> {
  return world.change((hand) => {
    const domain = hand.domainNamed(name);
    if (domain) return act(hand, domain);
    throw new KreError({
      code: 'NotFound',
      message: `the simulated host has no domain ${name}`,
      hint: 'See what is there with `kreconcile status`.',
      disposition: 'stalled',
    });
  });
}

/** `virsh start`. */
export function startDomain(world: SimWorld, name: string): Promise<void> {
  return onDomain(world, name, (hand, domain) => {
    if (!domain.run) hand.powerOn(domain);
  });
}

/** `virsh destroy`. */
export function destroyDomain(world: SimWorld, name: string): Promise<void> {
  return onDomain(world, name, (hand, domain) => {
    if (domain.run) hand.turnOff(domain, 'destroyed');
  });
}

/** `virsh destroy` and `virsh undefine`; the disks stay. */
export function undefineDomain(world: SimWorld, name: string): Promise<void> {
  return onDomain(world, name, (hand, domain) => {
    if (domain.run) hand.turnOff(domain, 'destroyed');
    hand.removeDomain(domain);
    hand.tell({ kind: 'lifecycle', machine: name });
  });
}

/** `virsh edit`: changes the definition of the next boot. */
export function editDomain(world: SimWorld, name: string, change: Partial<DomainShape>): Promise<void> {
  return onDomain(world, name, (hand, domain) => {
    domain.next = { ...domain.next, ...change };
    hand.tell({ kind: 'lifecycle', machine: name });
  });
}

/** The guest hangs: it answers nobody, its node sends no heartbeats, and only a reset or a power cycle helps. */
export function hangGuest(world: SimWorld, name: string): Promise<void> {
  return onDomain(world, name, (hand, domain) => hand.hang(domain));
}

/** The root disk is damaged: the guest hangs, and nothing boots from that disk again. The state disk is well. */
export function breakRoot(world: SimWorld, name: string): Promise<void> {
  return onDomain(world, name, (hand, domain) => {
    const root = hand.state.folders[name]?.generations[domain.run?.generation ?? 0];
    if (root) root.isBroken = true;
    hand.hang(domain);
  });
}

/** The main service of a node dies and stays down, on a control plane its API server with it; the guest answers. */
export function stopService(world: SimWorld, name: string): Promise<void> {
  return onDomain(world, name, (hand, domain) => {
    if (!domain.run) return;
    domain.run.serviceActive = false;
    domain.run.apiReady = false;
    loseNode(hand.state, domain, hand.nowMs);
  });
}

/** Pauses what runs, for the reason that libvirt would give (`I/O error` when a disk is full). */
export function pauseDomain(world: SimWorld, name: string, reason = 'I/O error'): Promise<void> {
  return onDomain(world, name, (hand, domain) => {
    if (!domain.run) return;
    domain.state = 'paused';
    domain.stateReason = reason;
    hand.tell({ kind: 'lifecycle', machine: name });
  });
}

/** `virsh managedsave`. */
export function saveDomain(world: SimWorld, name: string): Promise<void> {
  return onDomain(world, name, (hand, domain) => {
    save(hand.state, domain, hand.nowMs);
    hand.tell({ kind: 'lifecycle', machine: name });
  });
}

/** The state disk is deleted, and with it what only it held. */
export function loseStateDisk(world: SimWorld, machine: string): Promise<void> {
  return world.change(({ state }) => {
    const folder = state.folders[machine];
    if (folder) folder.stateDisk = null;
    dropLostClusters(state);
  });
}

/** The image is deleted from the store. */
export function loseImage(world: SimWorld, digest: string): Promise<void> {
  return world.change(({ state }) => {
    delete state.images[digest];
  });
}

/** The host loses power and comes back: machines with autostart boot, the others stay off. */
export function rebootHost(world: SimWorld): Promise<void> {
  return world.change((hand) => {
    for (const domain of Object.values(hand.state.domains)) {
      if (domain.run) hand.turnOff(domain, 'crashed');
      if (domain.autostart) hand.powerOn(domain);
    }
  });
}

/** Somebody puts /etc/kreconcile/veto into the guest, or with `null` takes it away. */
export function setVeto(world: SimWorld, machine: string, text: string | null): Promise<void> {
  return onDomain(world, machine, (hand, domain) => {
    const installed = hand.installedOf(domain);
    if (!installed) return;
    if (text === null) delete installed.veto;
    else installed.veto = text;
  });
}

/** Somebody uses a volume on the node outside the kept paths (`default/web:/srv/data`), or with `null` no longer does. */
export function useLocalData(world: SimWorld, node: string, outside: string | null): Promise<void> {
  return world.change(({ state }) => {
    for (const cluster of Object.values(state.clusters)) {
      const found = cluster.nodes[node];
      if (!found) continue;
      if (outside === null) delete found.localData;
      else found.localData = outside;
    }
  });
}

/** What goes wrong from now on; replaces what was said before. */
export function setFaults(world: SimWorld, faults: readonly SimFault[]): Promise<void> {
  return world.change(({ state }) => {
    state.faults = faults.map((fault) => ({ ...fault }));
  });
}
