import type { DesiredMachine } from '../../model/desired.ts';
import type { GuestStateDisk } from '../../model/guest-status.ts';
import type { Draft } from './draft.ts';
import { type Facts, freshGuest } from './facts.ts';

const TROUBLE: Readonly<Partial<Record<GuestStateDisk, { what: string; wayOut: string }>>> = {
  missing: {
    what: 'does not see its state disk',
    wayOut: 'Attach the state disk again under its serial (virsh dumpxml names it), then restart the machine.',
  },
  foreign: {
    what: 'has a state disk that is not its own',
    wayOut: "Put the machine's own state.qcow2 back into its folder, then restart it.",
  },
  'blank-refused': {
    what: 'has a blank state disk in place of the one with its data',
    wayOut:
      "Put the machine's own state.qcow2 back into its folder, then restart it. A blank one is formatted on first boot only.",
  },
};

/**
 * Whether a guest that answers runs without its state disk; adds the block. Its services stay down until it is mounted, so there is nothing to start,
 * to wait for or to try again in it.
 */
export function isWithoutState(facts: Facts, machine: DesiredMachine, draft: Draft): boolean {
  const guest = freshGuest(facts, machine.name);
  if (!guest || machine.stateDisk === null || guest.cloudInit === 'running' || guest.cloudInit === 'not-run')
    return false;
  const trouble = TROUBLE[guest.stateDisk];
  if (!trouble) return false;
  draft.block({ guard: 'StateDisk', reason: `${machine.name} ${trouble.what}`, wayOut: trouble.wayOut });
  return true;
}
