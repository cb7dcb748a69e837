import type { DesiredMachine } from '../../model/desired.ts';
import { type Facts, freshGuest } from './facts.ts';
import type { MachineRoad } from './machine.ts';

/** Replaces the in-guest program when the guest's is another than this release's, unless an operation runs there now. */
export function planProgram(facts: Facts, machine: DesiredMachine, road: MachineRoad | undefined): void {
  const guest = freshGuest(facts, machine.name);
  const wanted = facts.desired.programs[machine.name];
  if (!guest || !road || road.up === null || !wanted || guest.program === '' || guest.program === wanted) return;
  if (guest.operations.some((operation) => operation.state === 'running')) return;
  road.draft.step({
    id: `machine/${machine.name}/program`,
    title: `renew the in-guest program of ${machine.name}`,
    reason: 'this release brings another one',
    action: { kind: 'install-program', machine: machine.name },
  });
}
