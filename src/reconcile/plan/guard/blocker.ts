import { type ObjectRef, objectKey } from '../../../model/mark.ts';
import type { HostBlocker } from '../../../model/observed.ts';
import type { Facts } from '../facts.ts';
import type { Guard } from './objection.ts';

/** Something outside asks for no disruption: a file or a command of this host (agent.yaml), or the guest itself. */
export const blocker: Guard = (facts, { machine, object }) => {
  const reading = facts.guests[machine.name];
  // A veto that was read holds until the guest is read without it.
  const veto = reading?.known ? (reading.value.veto ?? null) : null;
  if (veto !== null) {
    return {
      guard: 'Blocker',
      about: 'veto',
      reason: `the guest of ${machine.name} vetoes: ${veto.trim() === '' ? 'it says no reason' : veto.trim()}`,
      wayOut: `It goes on when /etc/kreconcile/veto is removed in ${machine.name}.`,
    };
  }
  // What is still being asked is waited for (`gate.ts`), after what is known.
  const [first, ...others] = hostBlockers(facts, object).filter((entry) => !entry.isAsked);
  if (!first) return null;
  const more = others.length === 0 ? '' : ` (and ${others.map(({ what }) => what).join(', ')})`;
  return {
    guard: 'Blocker',
    reason: `${first.what} forbids disruptions of ${machine.name}: ${first.reason}${more}`,
    wayOut: 'It goes on by itself when the blocker is gone; agent.yaml of this host names it.',
  };
};

/** What the host has said of an object, and what it is still being asked. */
export function hostBlockers(facts: Facts, object: ObjectRef): readonly HostBlocker[] {
  return facts.calendar?.blockers[objectKey(object)] ?? [];
}
