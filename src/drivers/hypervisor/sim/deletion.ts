import type { DeletionPolicy } from '../../../model/manifest.ts';
import type { Mark } from '../../../model/mark.ts';
import type { SimHand } from '../../../sim/hand.ts';
import type { SimDomain, SimFolder } from '../../../sim/state.ts';
import type { MachineRef } from '../hypervisor.ts';
import { findOwn, refused } from './ownership.ts';

/** See `MachineActs.deleteMachine`. Half done: after the root disks and copies, and after the state disk. */
export function deleteMachine(hand: SimHand, owner: string, machine: MachineRef, policy: DeletionPolicy): void {
  const domain = findOwn(hand, owner, machine);
  if (!domain) return;
  if (domain.run) throw refused(machine, 'what runs is not deleted');
  const mark = markOf(domain);
  const folder = hand.state.folders[machine.name];
  hand.stopStateCopies(machine.name);
  if (folder) keepLastCopy(hand, domain, folder);
  if (folder) for (const generation of Object.keys(folder.generations)) delete folder.generations[Number(generation)];
  hand.halfway();
  if (folder && mark && policy === 'Retain') retain(hand, machine, mark, folder);
  delete hand.state.folders[machine.name];
  hand.halfway();
  hand.removeDomain(domain);
  hand.dropLostClusters();
  hand.tell({ kind: 'lifecycle', machine: machine.name });
}

function markOf(domain: SimDomain): Mark | null {
  return domain.mark === 'unreadable' ? null : domain.mark;
}

/** Without a state disk the newest copy counts as it, else the one that was set aside; the other copies go. */
function keepLastCopy(hand: SimHand, domain: SimDomain, folder: SimFolder): void {
  const newest = Math.max(0, ...Object.keys(folder.copies ?? {}).map(Number));
  if (!folder.stateDisk && newest > 0) hand.putStateBack(domain, folder, newest);
  if (!folder.stateDisk && folder.setAside) {
    folder.stateDisk = folder.setAside;
    delete folder.setAside;
  }
  delete folder.copies;
}

function retain(hand: SimHand, machine: MachineRef, mark: Mark, { stateDisk, setAside }: SimFolder): void {
  const name = `${machine.uuid}-${hand.nowMs}`;
  const kept = { machine: machine.name, uuid: machine.uuid, atMs: hand.nowMs, mark };
  if (setAside) hand.state.retained.push({ ...kept, name: `${name}-failed`, disk: setAside });
  if (stateDisk) hand.state.retained.push({ ...kept, name, disk: stateDisk });
}
