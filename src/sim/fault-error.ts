import { KreError } from '../model/error.ts';
import type { ErrorCode } from '../model/error-codes.ts';
import { type SimFault, takeFault } from './fault.ts';
import type { WorldState } from './state.ts';
import type { SimAct } from './world.ts';

/** The fault that strikes an act or call as such, if any; `slow` and `fail` strike what it sets off. */
export function strike(state: WorldState, act: SimAct): SimFault | null {
  // A shutdown that the guest does not follow is no failed act: the world's physics see to it.
  const kinds: SimFault['kind'][] =
    act.name === 'shutdown' ? ['error', 'hang', 'garbage'] : ['error', 'hang', 'silent', 'garbage'];
  const names = act.verb === undefined ? [act.name, act.role] : [act.verb, act.name, act.role];
  return takeFault(state, names, act.machine, kinds);
}

const defaultCodes: Readonly<
  Record<SimAct['role'], Readonly<Record<'unanswered' | 'refused' | 'garbage', ErrorCode>>>
> = {
  hypervisor: { unanswered: 'ExecTimeout', refused: 'VirshFailed', garbage: 'VirshFailed' },
  guest: { unanswered: 'GuestUnavailable', refused: 'GuestUnavailable', garbage: 'GuestReply' },
};

/** What a provider's caller gets to see of a fault. */
export function faultError(fault: SimFault, act: SimAct): KreError {
  const how = fault.kind === 'error' ? 'refused' : fault.kind === 'garbage' ? 'garbage' : 'unanswered';
  const where = act.machine === null ? '' : ` on ${act.machine}`;
  return new KreError({
    code: fault.code ?? defaultCodes[act.role][how],
    message: fault.message ?? `${act.verb ?? act.name}${where}: simulated fault (${fault.kind})`,
    hint: 'The simulated world was told to fail here.',
    disposition: 'retry',
  });
}
