import type { DeletionPolicy } from '../../../model/manifest.ts';
import type { Mark } from '../../../model/mark.ts';
import type { SimHand } from '../../../sim/hand.ts';
import type { SimDomain } from '../../../sim/state.ts';
import type { MachineRef } from '../hypervisor.ts';
import { findOwn, refused } from './ownership.ts';

/** See `MachineActs.deleteMachine`. Half done: after the root disks, and after the state disk. */
export function deleteMachine(hand: SimHand, owner: string, machine: MachineRef, policy: DeletionPolicy): void {
  const domain = findOwn(hand, owner, machine);
  if (!domain) return;
  if (domain.run) throw refused(machine, 'what runs is not deleted');
  const mark = markOf(domain);
  const folder = hand.state.folders[machine.name];
  if (folder) for (const generation of Object.keys(folder.generations)) delete folder.generations[Number(generation)];
  hand.halfway();
  if (folder?.stateDisk && mark && policy === 'Retain') {
    const { stateDisk } = folder;
    const name = `${stateDisk.filesystemUuid ?? machine.uuid}-${hand.nowMs}`;
    hand.state.retained.push({ name, machine: machine.name, atMs: hand.nowMs, mark, disk: stateDisk });
  }
  delete hand.state.folders[machine.name];
  hand.halfway();
  hand.removeDomain(domain);
  hand.dropLostClusters();
  hand.tell({ kind: 'lifecycle', machine: machine.name });
}

function markOf(domain: SimDomain): Mark | null {
  return domain.mark === 'unreadable' ? null : domain.mark;
}
