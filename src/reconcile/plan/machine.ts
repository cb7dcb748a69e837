import type { DesiredMachine } from '../../model/desired.ts';
import type { Mark } from '../../model/mark.ts';
import type { Domain } from '../../model/observed.ts';
import { type Allotment, isAddressLacking } from './address.ts';
import {
  adoptedMark,
  adoptionOf,
  isAdoptionHeld,
  noteRetained,
  planAdopt,
  planAdopted,
  planRoomForRetained,
} from './adopt.ts';
import { planAnswer, planReservation } from './answer.ts';
import { type Draft, draftFor } from './draft.ts';
import { type Facts, ownMark } from './facts.ts';
import { isHostUnfit } from './host-fit.ts';
import { firstMark } from './mark.ts';
import { joiningMark } from './members.ts';
import { type Present, planPresent } from './present.ts';
import type { Replacement } from './recreate.ts';
import { isCreationHeld, planMakingRoom, restoredMark } from './restore.ts';
import { planSettle } from './settle.ts';

/** What the planners of one pass share about machines. */
export interface MachineInputs {
  readonly addresses: ReadonlyMap<string, Allotment>;
  readonly images: ReadonlyMap<string, readonly string[]>;
  readonly shortfalls: ReadonlyMap<string, string>;
}

/** The road of one machine until its guest answers; a node's road goes on in `node.ts`. */
export interface MachineRoad {
  readonly draft: Draft;
  /** What must come before the guest can be used; empty when it can be now; `null` when the machine is off or blocked. */
  readonly up: readonly string[] | null;
  /** Steps that write the mark and so must come before another that does. */
  readonly markNeeds: readonly string[];
  /** As it will be when the machine is up; `null`: there is none yet. */
  readonly mark: Mark | null;
  /** A change that would take the machine down and waits for its turn. */
  readonly replacement: Replacement | null;
  /** `changing`: its root disk or definition is being changed, or is on trial. `returning`: the root disk from before comes back. */
  readonly phase: 'steady' | 'changing' | 'returning';
}

/** Creates, starts, stops and updates one machine, up to the moment when its guest answers. */
export function planMachine(facts: Facts, machine: DesiredMachine, inputs: MachineInputs): MachineRoad {
  const draft = draftFor(facts, { kind: 'Machine', name: machine.name }, machine.object);
  const named = facts.domainsByName.get(machine.name);
  const domain = facts.domainsByUuid.get(machine.uuid);
  if (domain?.unread !== undefined)
    return { draft, up: null, markNeeds: [], mark: null, replacement: null, phase: 'steady' };
  const conflict = conflictOf(facts, machine, named, domain);
  if (conflict !== null) {
    draft.block({
      guard: 'Conflict',
      reason: conflict,
      wayOut: 'Rename or remove that domain, or give the machine another name. This guard cannot be skipped.',
    });
    return { draft, up: null, markNeeds: [], mark: null, replacement: null, phase: 'steady' };
  }
  const mark = domain ? ownMark(domain, facts.desired.owner) : null;
  noteRetained(facts, machine, mark, draft);
  const road =
    domain && mark
      ? planThere(facts, { machine, domain, mark, inputs, draft })
      : planCreate(facts, machine, inputs, draft);
  planAdopted(facts, machine, road);
  return road;
}

function planThere(facts: Facts, present: Present): MachineRoad {
  const { machine, domain, mark, draft } = present;
  const gives = [planMakingRoom, planRoomForRetained].some((plan) => plan(facts, machine, domain, mark, draft));
  if (gives) return { draft, up: null, markNeeds: [], mark, replacement: null, phase: 'steady' };
  return planPresent(facts, present);
}

function conflictOf(
  facts: Facts,
  machine: DesiredMachine,
  named: Domain | undefined,
  own: Domain | undefined,
): string | null {
  if (named && named.uuid !== machine.uuid)
    return `a domain named ${machine.name} exists that is not ours (UUID ${named.uuid})`;
  if (!own) return null;
  if (own.name !== machine.name) return `our domain was renamed to ${own.name} by somebody`;
  if (own.mark === 'unreadable') return `the mark of domain ${own.name} is not readable`;
  const mark = ownMark(own, facts.desired.owner);
  if (!mark) return `domain ${own.name} carries our UUID but not our mark`;
  const { kind, name } = mark.object;
  if (kind !== machine.object.kind || name !== machine.object.name)
    return `domain ${own.name} belongs to ${kind} ${name}`;
  return null;
}

function planCreate(facts: Facts, machine: DesiredMachine, inputs: MachineInputs, draft: Draft): MachineRoad {
  const blocked: MachineRoad = { draft, up: null, markNeeds: [], mark: null, replacement: null, phase: 'steady' };
  if (machine.powerState === 'Off') {
    draft.note(`${machine.name} is not created while powerState is Off`);
    return blocked;
  }
  const started = facts.folders.get(machine.name)?.generations ?? [];
  const adoption = adoptionOf(facts, machine);
  if (adoption ? isAdoptionHeld(facts, machine, adoption, draft) : isBlankHeld(facts, machine, draft)) return blocked;
  if (isHostUnfit(facts, machine, inputs, draft)) return blocked;
  const generation = Math.max(0, ...started) + 1;
  if (generation > 1)
    draft.note(
      `root disk of generation ${generation - 1} of ${machine.name} stays in its folder: its domain was removed by somebody else`,
    );
  const address = inputs.addresses.get(machine.name);
  if (!address && isAddressLacking(facts, machine, draft)) return blocked;
  const first = restoredMark(facts, machine, firstMark(facts, machine, generation, address?.address ?? null));
  const mark = joiningMark(facts, machine, adoptedMark(adoption, first));
  const reserve = planReservation(facts, machine, address, draft);
  const before = [...(inputs.images.get(machine.spec.image.digest) ?? []), ...reserve];
  const create = draft.step({
    id: `machine/${machine.name}/create`,
    title: `create ${machine.name}`,
    reason: creationReason(mark),
    needs: planAdopt(facts, machine, adoption, before, draft),
    action: { kind: 'create', machine: machine.name, mark, stateDiskNew: started.length === 0 && !adoption },
  });
  const start = draft.step({
    id: `machine/${machine.name}/start`,
    title: `start ${machine.name}`,
    reason: 'it is new',
    needs: create,
    action: { kind: 'start', machine: machine.name },
  });
  const up = planAnswer(facts, machine, draft, null, start);
  const markNeeds = machine.object.kind === 'Machine' ? planSettle(facts, machine, mark, up, [], draft) : [];
  return { draft, up, mark, markNeeds, replacement: null, phase: 'steady' };
}

/** Whether a machine may not be made with a blank state disk; adds the block. */
function isBlankHeld(facts: Facts, machine: DesiredMachine, draft: Draft): boolean {
  const folder = facts.folders.get(machine.name);
  if (folder && folder.generations.length > 0 && machine.stateDisk && !folder.hasStateDisk) {
    draft.block({
      guard: 'StateDisk',
      reason: `${machine.name} ran before and its state disk is gone`,
      wayOut: `Put state.qcow2 back into the machine's folder, or move the folder away to begin anew without its data.`,
    });
    return true;
  }
  return isCreationHeld(facts, machine, draft);
}

function creationReason({ restored, adopted }: Mark): string {
  if (adopted) return `its state disk ${adopted.retained} is wanted back`;
  return restored ? `it is restored from ${restored.backup}` : 'it is in the manifests and does not exist';
}
