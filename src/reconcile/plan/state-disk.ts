import type { DesiredMachine } from '../../model/desired.ts';
import type { GuestStateDisk, GuestStatus } from '../../model/guest-status.ts';
import type { Draft } from './draft.ts';
import { type Facts, freshGuest } from './facts.ts';

/** What is wrong with a state disk, and what a person can do. */
export interface StateDiskTrouble {
  readonly what: string;
  readonly wayOut: string;
}

const TROUBLE: Readonly<Partial<Record<GuestStateDisk, StateDiskTrouble>>> = {
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

/** What a guest that has booted says is wrong with its state disk; `null`: nothing. */
export function stateDiskTrouble({ cloudInit, stateDisk }: GuestStatus): StateDiskTrouble | null {
  return cloudInit === 'running' || cloudInit === 'not-run' ? null : (TROUBLE[stateDisk] ?? null);
}

/**
 * Whether a guest that answers runs without its state disk; adds the block. Its services stay down until it is mounted, so there is nothing to start,
 * to wait for or to try again in it.
 */
export function isWithoutState(facts: Facts, machine: DesiredMachine, draft: Draft): boolean {
  const guest = freshGuest(facts, machine.name);
  const trouble = guest && machine.stateDisk !== null ? stateDiskTrouble(guest) : null;
  if (!trouble) return false;
  draft.block({ guard: 'StateDisk', reason: `${machine.name} ${trouble.what}`, wayOut: trouble.wayOut });
  return true;
}
