import { KreError } from '../../../model/error.ts';
import type { SimHand } from '../../../sim/hand.ts';
import type { SimDomain } from '../../../sim/state.ts';
import type { MachineRef } from '../hypervisor.ts';

/** The domain, which must be ours, or `null` if neither its UUID nor its name is in use. `DomainConflict` if somebody else's has one of them. */
export function findOwn(hand: SimHand, owner: string, machine: MachineRef): SimDomain | null {
  const domain = hand.state.domains[machine.uuid];
  if (!domain) {
    const namesake = hand.domainNamed(machine.name);
    if (namesake) throw conflict(machine, `a domain ${namesake.uuid} has its name`);
    return null;
  }
  const { mark } = domain;
  if (mark === null) throw conflict(machine, 'the domain bears no mark of kreconcile');
  if (mark === 'unreadable') throw conflict(machine, "the domain's mark is unreadable");
  if (mark.owner !== owner) throw conflict(machine, `the domain belongs to owner ${mark.owner}`);
  if (domain.name !== machine.name) throw conflict(machine, `the domain of its UUID is called ${domain.name}`);
  return domain;
}

/** The domain, which must be there and ours. */
export function needOwn(hand: SimHand, owner: string, machine: MachineRef): SimDomain {
  const domain = findOwn(hand, owner, machine);
  if (domain) return domain;
  throw new KreError({
    code: 'NotFound',
    message: `there is no domain ${machine.name} (${machine.uuid})`,
    hint: 'It may have been removed a moment ago; the next pass sees what is there.',
    disposition: 'retry',
  });
}

function conflict(machine: MachineRef, why: string): KreError {
  return new KreError({
    code: 'DomainConflict',
    message: `${machine.name} is not ours to touch: ${why}`,
    hint: 'Give the machine another name, or remove or rename the other domain.',
    disposition: 'stalled',
  });
}

/** What the hypervisor itself refuses. */
export function refused(machine: MachineRef, why: string): KreError {
  return new KreError({
    code: 'VirshFailed',
    message: `${machine.name}: ${why}`,
    hint: 'See the state of the machine with `kreconcile status`.',
    disposition: 'retry',
  });
}
