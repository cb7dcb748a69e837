import type { Desired, DesiredMachine } from '../../model/desired.ts';
import type { GuestStatus } from '../../model/guest-status.ts';
import type { Mark } from '../../model/mark.ts';
import type { Domain, Inventory, MachineFolder, Reading } from '../../model/observed.ts';
import type { WorldState } from '../../sim/state.ts';
import type { Assumptions } from './assumptions.ts';

/** What is copied, and the world that it is copied into. The world is changed in place; everything else is only read. */
export interface CopyScene {
  readonly desired: Desired;
  readonly inventory: Inventory;
  readonly guests: Readonly<Record<string, Reading<GuestStatus>>>;
  readonly nowMs: number;
  readonly world: WorldState;
  readonly assumptions: Assumptions;
}

/** A machine of ours as far as it is known: with its domain, or only with the folder that a lost domain left. */
export interface OwnMachine {
  readonly name: string;
  readonly uuid: string;
  readonly mark: Mark;
  readonly domain: Domain | null;
  readonly folder: MachineFolder | null;
  readonly wanted: DesiredMachine | null;
  /** What the guest told; `null` where it told nothing. */
  readonly status: GuestStatus | null;
}

/** Every machine of our owner that has a domain. */
export function ownMachines({ desired, inventory, guests }: CopyScene): readonly OwnMachine[] {
  const folders = new Map(inventory.folders.map((folder) => [folder.machine, folder]));
  const wanted = new Map(desired.machines.map((machine) => [machine.uuid, machine]));
  return inventory.domains.flatMap((domain): readonly OwnMachine[] => {
    const { mark, name, uuid } = domain;
    if (mark === null || mark === 'unreadable' || mark.owner !== desired.owner) return [];
    const reading = guests[name];
    const status = reading?.known && domain.state === 'running' ? reading.value : null;
    return [{ name, uuid, mark, domain, folder: folders.get(name) ?? null, wanted: wanted.get(uuid) ?? null, status }];
  });
}

/** Whether the machine was seen to work as it is, or works for all that anybody noted. */
export function isProven({ mark, status }: OwnMachine): boolean {
  return mark.provenAtMs !== null || status?.kubernetes?.phase === 'initialised';
}

/** Whether the machine holds a place in its cluster: as its guest says, or by the data that its state disk keeps until a new root takes it up. */
export function isMember(machine: OwnMachine): boolean {
  if (machine.mark.spec.kubernetes === null) return false;
  const phase = machine.status?.kubernetes?.phase;
  if (phase === 'initialised' || isKeptState(machine)) return true;
  return phase === undefined && isProven(machine);
}

/** A state disk that an earlier root left its data on: the machine is a later generation, or its domain was lost. */
export function isKeptState({ mark, folder }: OwnMachine): boolean {
  return folder?.hasStateDisk === true && mark.generation > 1;
}
