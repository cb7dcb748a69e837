import type { DesiredMachine } from '../../model/desired.ts';
import type { Domain } from '../../model/observed.ts';
import type { Draft } from './draft.ts';
import type { Facts } from './facts.ts';
import { planPowerOff } from './power.ts';

/** Removes a machine that a person gave up for what is brought back in its place; its state disk is retained, whatever its policy. `why` is that wish. */
export function planMakeRoom(facts: Facts, machine: DesiredMachine, domain: Domain, why: string, draft: Draft): void {
  const { name, deadlines } = machine;
  const off = planPowerOff(facts, name, domain, deadlines.shutdownMs, why, draft);
  draft.step({
    id: `machine/${name}/delete`,
    title: `delete ${name}`,
    destructive: true,
    needs: off,
    reason: `${why}; its state disk is kept under retained/`,
    action: { kind: 'delete-machine', machine: name, uuid: domain.uuid, stateDisk: 'Retain' },
  });
}
