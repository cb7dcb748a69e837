import type { Draft } from './draft.ts';
import type { Facts } from './facts.ts';
import { blocker } from './guard/blocker.ts';
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
  quarantined,
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
  const objections = GUARDS_OF_BEGINNINGS.flatMap((guard) => guard(facts, beginning) ?? []);
  return objections.filter((objection) => isForbidden(draft, beginning.machine, objection)).length === 0;
}
