import type { SimHand } from '../../../sim/hand.ts';
import type { SimDomain, SimRoot } from '../../../sim/state.ts';
import type { LiveChange, MachineActs, MachineRef } from '../hypervisor.ts';
import { define } from './definition.ts';
import { replaceSeed } from './disks.ts';
import type { Perform } from './index.ts';
import { needOwn, refused } from './ownership.ts';

type SimpleActs = Omit<MachineActs, 'prepareDisks' | 'discardDisks' | 'deleteMachine'>;

/** The acts on one domain; see `MachineActs` for their promises. */
export function machineActs(perform: Perform, owner: string): SimpleActs {
  const onOwn = (name: string, machine: MachineRef, act: (hand: SimHand, domain: SimDomain) => void): Promise<void> =>
    perform(name, machine.name, (hand) => act(hand, needOwn(hand, owner, machine)));
  return {
    define: (request) => perform('define', request.machine.name, (hand) => define(hand, owner, request)),
    start: (machine) => onOwn('start', machine, (hand, domain) => start(hand, domain, machine)),
    shutdown: (machine) => onOwn('shutdown', machine, (hand, domain) => hand.askShutdown(domain)),
    powerOff: (machine) =>
      onOwn('powerOff', machine, (hand, domain) => {
        if (domain.run) hand.turnOff(domain, 'destroyed');
      }),
    reset: (machine) =>
      onOwn('reset', machine, (hand, domain) => {
        if (domain.state === 'running') hand.reset(domain);
      }),
    resume: (machine) =>
      onOwn('resume', machine, (hand, domain) => {
        if (domain.state !== 'paused') return;
        domain.state = 'running';
        domain.stateReason = 'unpaused';
        hand.tell({ kind: 'lifecycle', machine: machine.name });
      }),
    setAutostart: (machine, on) =>
      onOwn('setAutostart', machine, (_hand, domain) => {
        domain.autostart = on;
      }),
    updateLive: (machine, change) =>
      onOwn('updateLive', machine, (hand, domain) => updateLive(hand, domain, machine, change)),
    writeMark: (machine, mark) =>
      onOwn('writeMark', machine, (_hand, domain) => {
        domain.mark = mark;
      }),
    replaceSeed: (machine, generation, seed) =>
      perform('replaceSeed', machine.name, (hand) => replaceSeed(hand, owner, machine, generation, seed)),
  };
}

function bootRoot(hand: SimHand, domain: SimDomain): SimRoot | null {
  const mark = domain.mark === 'unreadable' ? null : domain.mark;
  return mark ? (hand.state.folders[domain.name]?.generations[mark.generation] ?? null) : null;
}

/** Half done: `unstarted` is gone, and the domain does not run yet. */
function start(hand: SimHand, domain: SimDomain, machine: MachineRef): void {
  if (domain.run) return;
  const root = bootRoot(hand, domain);
  if (!root?.seed) throw refused(machine, 'its root disk or seed is missing');
  if (!hand.state.images[root.imageDigest])
    throw refused(machine, `the image ${root.imageDigest} under its root disk is missing`);
  const serial = domain.next.disks.find((disk) => disk.serial !== null)?.serial ?? null;
  if (serial !== null && !hand.state.folders[domain.name]?.stateDisk)
    throw refused(machine, 'its state disk is missing');
  delete hand.state.folders[domain.name]?.unmade;
  root.unstarted = false;
  dropStaleCopy(hand, domain);
  hand.halfway();
  hand.powerOn(domain);
}

/** The copy for leaving the generation that is about to run: it would be stale. */
function dropStaleCopy(hand: SimHand, domain: SimDomain): void {
  const folder = hand.state.folders[domain.name];
  if (folder?.stateDisk && domain.mark && domain.mark !== 'unreadable') delete folder.copies?.[domain.mark.generation];
}

/** Half done: the running machine has its vCPUs, the definition of the next boot has not. */
function updateLive(hand: SimHand, domain: SimDomain, machine: MachineRef, change: LiveChange): void {
  const cpus = change.cpus ?? 0;
  if (domain.live && cpus > domain.live.cpus) {
    if (cpus > domain.live.maxCpus)
      throw refused(machine, `${cpus} vCPUs are more than the ${domain.live.maxCpus} it booted with`);
    domain.live = { ...domain.live, cpus };
  }
  hand.halfway();
  if (cpus > domain.next.cpus) {
    domain.next = { ...domain.next, cpus, maxCpus: Math.max(cpus, domain.next.maxCpus) };
  }
  const folder = hand.state.folders[machine.name];
  const root = bootRoot(hand, domain);
  if (root && change.diskMiB !== null) root.sizeMiB = Math.max(root.sizeMiB, change.diskMiB);
  if (folder?.stateDisk && change.stateDiskMiB !== null && change.stateDiskMiB > folder.stateDisk.sizeMiB) {
    folder.stateDisk.sizeMiB = change.stateDiskMiB;
    hand.countStateWrite(folder.stateDisk);
  }
}
