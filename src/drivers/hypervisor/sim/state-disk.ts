import { KreError } from '../../../model/error.ts';
import type { SimHand } from '../../../sim/hand.ts';
import type { SimDomain, SimFolder } from '../../../sim/state.ts';
import type { MachineRef, StateDiskActs } from '../hypervisor.ts';
import type { Perform } from './index.ts';
import { findOwn, needOwn, refused } from './ownership.ts';

/** Copies of the state disk and the way back; see `StateDiskActs`. */
export function stateDiskActs(perform: Perform, owner: string): StateDiskActs {
  return {
    copyState: (machine, generation) =>
      perform('copyState', machine.name, (hand) => {
        needOff(needOwn(hand, owner, machine), machine, 'its state disk is not copied');
        const folder = hand.state.folders[machine.name];
        if (!folder?.stateDisk) throw stateDiskMissing(machine, 'it has no state disk to copy');
        hand.beginStateCopy(folder, generation);
      }),
    restoreState: (machine, generation) =>
      perform('restoreState', machine.name, (hand) => {
        const domain = needOwn(hand, owner, machine);
        needOff(domain, machine, 'its state disk is not put back');
        restoreState(hand, domain, machine, generation);
      }),
    dropGeneration: (machine, generation) =>
      perform('dropGeneration', machine.name, (hand) => {
        dropGeneration(hand, needOwn(hand, owner, machine), machine, generation);
      }),
    adoptRetained: (machine, retained) =>
      perform('adoptRetained', machine.name, (hand) => {
        if (findOwn(hand, owner, machine)) throw refused(machine, 'it exists, and no state disk is put under it');
        adoptRetained(hand, machine, retained);
      }),
  };
}

/** One rename: never half done. */
function adoptRetained({ state }: SimHand, machine: MachineRef, name: string): void {
  const kept = state.retained.find((entry) => entry.name === name);
  const folder = state.folders[machine.name] ?? { machine: machine.name, generations: {}, stateDisk: null };
  if (!name.startsWith(`${machine.uuid}-`) || (kept && kept.uuid !== machine.uuid))
    throw refused(machine, `${name} is not a state disk of it`);
  if (!kept) {
    if (folder.stateDisk) return;
    throw stateDiskMissing(machine, `retained/${name} is not there`);
  }
  if (folder.stateDisk) throw refused(machine, 'it has a state disk, and no other is put in its place');
  if (hasOtherState(folder)) throw stateDiskMissing(machine, 'one that was kept is not put beside its copies');
  folder.stateDisk = kept.disk;
  state.folders[machine.name] = folder;
  state.retained = state.retained.filter((entry) => entry !== kept);
}

function needOff(domain: SimDomain, machine: MachineRef, what: string): void {
  if (domain.run) throw refused(machine, `it runs, and ${what}`);
  if (domain.saved) throw refused(machine, `its memory is saved, and ${what}`);
}

/** Half done: the state disk is set aside, and the copy not yet in its place. */
function restoreState(hand: SimHand, domain: SimDomain, machine: MachineRef, generation: number): void {
  const folder = hand.state.folders[machine.name];
  if (!folder?.copies?.[generation]) {
    if (folder?.stateDisk && folder.setAside) return;
    throw stateDiskMissing(machine, `there is no copy of its state disk from generation ${generation}`);
  }
  hand.stopStateCopies(machine.name);
  hand.setStateAside(folder);
  hand.halfway();
  hand.putStateBack(domain, folder, generation);
}

/** Half done: after the root disk. */
function dropGeneration(hand: SimHand, domain: SimDomain, machine: MachineRef, generation: number): void {
  const folder = hand.state.folders[machine.name];
  if (!folder) return;
  if (isInUse(hand, domain, generation)) throw refused(machine, `generation ${generation} is in use`);
  if (!folder.stateDisk && hasOtherState(folder)) throw stateDiskMissing(machine, 'what it left is not dropped');
  delete folder.generations[generation];
  hand.halfway();
  delete folder.copies?.[generation];
  delete folder.setAside;
  hand.dropLostClusters();
}

function isInUse({ state }: SimHand, domain: SimDomain, generation: number): boolean {
  if (domain.mark !== null && domain.mark !== 'unreadable' && domain.mark.generation === generation) return true;
  const folder = `${state.imagesFolder}/${domain.name}/${generation}/`;
  const disks = [...domain.next.disks, ...(domain.live?.disks ?? [])];
  return domain.run?.generation === generation || disks.some((disk) => disk.path.startsWith(folder));
}

/** Something that was a state disk stands there. */
export function hasOtherState({ copies, setAside }: SimFolder): boolean {
  return Boolean(setAside) || Object.keys(copies ?? {}).length > 0;
}

export function stateDiskMissing(machine: MachineRef, why: string): KreError {
  return new KreError({
    code: 'StateDiskMissing',
    message: `${machine.name}: ${why}`,
    hint: 'Put a state disk back into its folder.',
    disposition: 'stalled',
  });
}
