import type { DesiredMachine } from '../../model/desired.ts';
import type { Mark } from '../../model/mark.ts';
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
