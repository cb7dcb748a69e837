import type { Draft } from './draft.ts';
import type { Facts } from './facts.ts';
import { blocker, hostBlockers } from './guard/blocker.ts';
import { guestAgentConnected } from './guard/guest-agent.ts';
import { roomForPeak } from './guard/host-capacity.ts';
import { imageReady } from './guard/image.ts';
import { localData } from './guard/local-data.ts';
import { type Beginning, type Guard, isForbidden } from './guard/objection.ts';
import { quarantined } from './guard/quarantined.ts';
import { controlPlaneStable, quorum } from './guard/quorum.ts';
import { windowOpen } from './guard/window.ts';

export type { Beginning } from './guard/objection.ts';

/** Every guard that may forbid the beginning of a disruption, in the order in which a person would want to read them. */
const GUARDS_OF_BEGINNINGS: readonly Guard[] = [
  blocker,
  windowOpen,
  guestAgentConnected,
  controlPlaneStable,
  quorum,
  imageReady,
  localData,
  roomForPeak,
];

/**
 * The one gate: whether a disruption may begin now. Adds a block for every guard that forbids it, and a note for every one that the object's
 * annotation skips. Asked anew in each pass until the first act that uncordoning cannot undo; finishing, undoing, starting a stopped machine,
 * allowed deletion, `powerState: Off` and requested remediation never ask. Which version may follow which, and a fresh backup, are judged where
 * they are planned (`version.ts`, `backup.ts`).
 */
export function mayBegin(facts: Facts, beginning: Beginning, draft: Draft): boolean {
  // What failed and was taken back is not tried again, whatever else stands in the way now.
  const failed = quarantined(facts, beginning);
  const objections = failed ? [failed] : GUARDS_OF_BEGINNINGS.flatMap((guard) => guard(facts, beginning) ?? []);
  const isForbiddenBySome = objections.filter((one) => isForbidden(draft, beginning.machine, one)).length > 0;
  return !isForbiddenBySome && !isAsking(facts, beginning, draft);
}

/** Guards that forbid for as long as they like, whatever a look into the guest would find. */
const LASTING_GUARDS: readonly Guard[] = [blocker, windowOpen];

/** Whether a beginning is held back for a while, so that what is only worth knowing right before it need not be found out yet. Adds nothing. */
export function isHeldBack(facts: Facts, beginning: Beginning): boolean {
  const { skipped } = beginning.machine.skips;
  return LASTING_GUARDS.some((guard) => {
    const objection = guard(facts, beginning);
    return objection !== null && !skipped.includes(objection.guard);
  });
}

/** A blocker that has not answered yet forbids nothing for good: its answer is waited for. */
function isAsking(facts: Facts, { machine, object }: Beginning, draft: Draft): boolean {
  const asked = hostBlockers(facts, object).filter((entry) => entry.isAsked);
  if (asked.length === 0 || machine.skips.skipped.includes('Blocker')) return false;
  draft.wait({
    id: `machine/${machine.name}/blockers`,
    condition: `${asked.map(({ what }) => what).join(', ')} tells whether ${machine.name} may be disturbed`,
    pollMs: 1_000,
  });
  return true;
}
