import type { DesiredMachine } from '../../model/desired.ts';
import type { Mark, PreviousRoot, Quarantine } from '../../model/mark.ts';
import type { AppliedSpec } from '../../model/spec.ts';
import type { Facts } from './facts.ts';

/** The mark of a machine that is to be created. */
export function firstMark(facts: Facts, machine: DesiredMachine, generation: number, address: string | null): Mark {
  return {
    schema: 1,
    owner: facts.desired.owner,
    object: machine.object,
    machine: machine.name,
    spec: machine.spec,
    address,
    generation,
    previousGeneration: null,
    previous: null,
    provenAtMs: null,
    quarantined: [],
    prune: machine.prune,
    deletionPolicy: machine.deletionPolicy,
    revision: facts.desired.revision,
  };
}

/** The mark with the policies of today's manifests and the spec that is now applied. */
export function nextMark(facts: Facts, machine: DesiredMachine, mark: Mark, spec: AppliedSpec): Mark {
  return {
    ...mark,
    spec,
    prune: machine.prune,
    deletionPolicy: machine.deletionPolicy,
    revision: facts.desired.revision,
  };
}

/** Whether the mark protects the machine otherwise than the manifests ask now. */
export function policiesDiffer(machine: DesiredMachine, mark: Mark): boolean {
  return mark.prune !== machine.prune || mark.deletionPolicy !== machine.deletionPolicy;
}

/** Quarantines that a mark keeps at most: the oldest are forgotten. */
const MOST_QUARANTINED = 10;

/** How a quarantine names a version of Kubernetes. */
export function versionDigest(version: string): string {
  return `version:${version}`;
}

/** The mark with one more quarantine. */
export function quarantinedMark(mark: Mark, entry: Quarantine): Mark {
  const others = mark.quarantined.filter(({ digest }) => digest !== entry.digest);
  return { ...mark, quarantined: [...others, entry].slice(-MOST_QUARANTINED) };
}

/** Whether something was done about the node, and it has not been well since. */
export function isOutageOpen({ remedies }: Mark): boolean {
  return remedies?.some(({ endedAtMs }) => endedAtMs === undefined) ?? false;
}

/** Whether an upgrade to the version failed there and was taken back, or is being taken back. */
export function isVersionTakenBack(mark: Mark, version: string): boolean {
  return (
    mark.spec.kubernetes?.version !== version &&
    mark.quarantined.some(({ digest }) => digest === versionDigest(version))
  );
}

/**
 * What a failed change goes back to: the root disk from before, of a machine whose present one is not proven yet, if it ever was itself. Where only the
 * definition was changed it is the present root disk under the spec from before.
 */
export function fallbackOf(mark: Mark): PreviousRoot | null {
  const { generation, provenAtMs, formerSpec } = mark;
  if (mark.isSettling && formerSpec) return { generation, provenAtMs, spec: formerSpec };
  const previous = mark.previous ?? null;
  return mark.provenAtMs === null && previous !== null && previous.provenAtMs !== null ? previous : null;
}

/** The mark without what only a definition on trial has. */
export function settledMark({ isSettling: _settling, formerSpec: _former, ...mark }: Mark): Mark {
  return mark;
}

/** Whether the machine has not yet come about: its first root disk never ran as it should. */
export function wasNeverProven({ provenAtMs, previous, isSettling }: Mark): boolean {
  return provenAtMs === null && (previous ?? null) === null && isSettling !== true;
}

/** Whether a change of its root disk or definition is carried out and not yet proven. The first root disk is no change. */
export function isUnsettled(mark: Mark): boolean {
  return mark.isSettling === true || (mark.provenAtMs === null && (mark.previous ?? null) !== null);
}
