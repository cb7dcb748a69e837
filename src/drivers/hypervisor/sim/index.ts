import type { SimHand } from '../../../sim/hand.ts';
import type { SimAct, SimWorld } from '../../../sim/world.ts';
import type { Hypervisor } from '../hypervisor.ts';
import { addressActs } from './addresses.ts';
import { deleteMachine } from './deletion.ts';
import { discardDisks, prepareDisks } from './disks.ts';
import { readInventory } from './inventory.ts';
import { machineActs } from './machine-acts.ts';
import { stateDiskActs } from './state-disk.ts';
import { watchWorld } from './watch.ts';

/** How a provider carries out one outward act on the world. */
export type Perform = (name: string, machine: string | null, body: (hand: SimHand) => void) => Promise<void>;

/** The hypervisor role over a simulated world. Domains whose mark names another owner are foreign. */
export function createSimHypervisor(world: SimWorld, options: { readonly owner: string }): Hypervisor {
  const { owner } = options;
  const actOf = (name: string, machine: string | null): SimAct => ({ role: 'hypervisor', name, machine });
  const perform: Perform = (name, machine, body) => world.act(actOf(name, machine), body);
  return {
    inventory: () => world.read(actOf('inventory', null), readInventory),
    watch: (onEvent) => watchWorld(world, onEvent),
    prepareDisks: (request) =>
      perform('prepareDisks', request.machine.name, (hand) => prepareDisks(hand, owner, request)),
    discardDisks: (machine) => perform('discardDisks', machine.name, (hand) => discardDisks(hand, owner, machine)),
    deleteMachine: (machine, stateDisk) =>
      perform('deleteMachine', machine.name, (hand) => deleteMachine(hand, owner, machine, stateDisk)),
    ...machineActs(perform, owner),
    ...stateDiskActs(perform, owner),
    ...addressActs(perform),
    fetchImage: (image) => perform('fetchImage', image.digest, (hand) => hand.beginFetch(image)),
  };
}
