import { freshGuest, markOf } from '../facts.ts';
import { isUnsettled } from '../mark.ts';
import type { Guard } from './objection.ts';

/** Nothing is taken away that cannot be asked: what a silent guest does is unknown. A machine that is off is not disturbed by anything. */
export const guestAgentConnected: Guard = (facts, { machine, what, needs }) => {
  const domain = facts.domainsByUuid.get(machine.uuid);
  if (!machine.needsGuestAgent || what === 'remediation' || domain?.state !== 'running') return null;
  if (freshGuest(facts, machine.name)) return null;
  // It is silent because of the change that comes first, whose own waits say so.
  const mark = markOf(facts, machine.name);
  if ((needs ?? []).length > 0 && mark !== null && isUnsettled(mark)) return null;
  return {
    guard: 'GuestAgentConnected',
    reason: `${machine.name} has not been read for a minute, and no disruption begins while a guest is silent`,
    wayOut: 'It goes on when the guest agent answers; look at the console if it stays silent.',
  };
};
