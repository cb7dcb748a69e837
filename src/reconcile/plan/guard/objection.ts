import type { DesiredCluster, DesiredMachine } from '../../../model/desired.ts';
import { GUARDS, skipAnnotation } from '../../../model/guard.ts';
import { type ObjectRef, objectKey } from '../../../model/mark.ts';
import type { BlockInit, Draft } from '../draft.ts';
import type { Facts } from '../facts.ts';

/** The beginning of a disruption: everything up to the first act that uncordoning cannot undo. */
export interface Beginning {
  readonly object: ObjectRef;
  /** `null` with a plain machine. */
  readonly cluster: DesiredCluster | null;
  readonly machine: DesiredMachine;
  readonly what: 'recreate' | 'restart' | 'upgrade' | 'remediation';
  /** What the machine would become, as a quarantine names it: an image digest or `version:<v>`. `null`: nothing new. */
  readonly digest: string | null;
  /** What comes before it. Guards of the moment (`Quorum`, `ControlPlaneStable`, `ImageReady`) judge it only when nothing does. */
  readonly needs?: readonly string[];
}

/** What a guard has against a beginning: the block that it would become. */
export type Objection = BlockInit;

/** Judges one beginning; `null`: nothing against it. */
export type Guard = (facts: Facts, beginning: Beginning) => Objection | null;

/**
 * Whether an objection forbids: adds its block, with the annotation that would skip the guard where one may. Where the object's annotation skips it
 * already, it is a note instead.
 */
export function isForbidden(draft: Draft, { object, skips }: DesiredMachine, objection: Objection): boolean {
  const { guard, reason, wayOut } = objection;
  if (GUARDS[guard] !== 'annotation') {
    draft.block(objection);
    return true;
  }
  const owner = objectKey(object);
  if (skips.skipped.includes(guard)) {
    draft.note(`guard ${guard} is skipped by the annotation of ${owner}: ${reason}`);
    return false;
  }
  const earlier = skips.outdated.includes(guard) ? '; its annotation skips it for another spec, not for this one' : '';
  const regardless = `To go on regardless, annotate ${owner}: ${skipAnnotation(skips, guard)}`;
  draft.block({ ...objection, reason: `${reason}${earlier}`, wayOut: `${wayOut} ${regardless}` });
  return true;
}
