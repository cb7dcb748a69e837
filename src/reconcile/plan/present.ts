import type { DesiredMachine } from '../../model/desired.ts';
import type { Mark } from '../../model/mark.ts';
import type { Domain } from '../../model/observed.ts';
import { planAnswer, planReservation } from './answer.ts';
import type { Draft } from './draft.ts';
import type { Facts } from './facts.ts';
import { mayBegin } from './gate.ts';
import { planGoBack, type Return, returnedMark, returnOf } from './go-back.ts';
import { isHostUnfit } from './host-fit.ts';
import { planImageUnder } from './image.ts';
import { planKeep } from './keep.ts';
import type { MachineInputs, MachineRoad } from './machine.ts';
import { isUnsettled } from './mark.ts';
import { planIdle, planNoAutostart, planPowerOff, planStart } from './power.ts';
import { planRetry } from './quarantine.ts';
import { isOff, isTakenDown, planReplacement, type Replacement, renewedMark } from './recreate.ts';
import { remedyRenewal } from './remedy-record.ts';
import { beginningOf, isQuarantined, isRenewalAllowed, renewalOf } from './renewal.ts';
import { planSettle } from './settle.ts';
import { isWithoutState } from './state-disk.ts';
import { planTrial, trialFailure } from './trial.ts';
import { planUpdate } from './update.ts';

/** A machine that exists, with all that its planners need. */
export interface Present {
  readonly machine: DesiredMachine;
  readonly domain: Domain;
  readonly mark: Mark;
  readonly inputs: MachineInputs;
  readonly draft: Draft;
}

/** Keeps a machine that exists as it should be: off, back on an earlier root disk, changed, or simply running. */
export function planPresent(facts: Facts, present: Present): MachineRoad {
  const { machine, domain, mark, draft } = present;
  if (machine.powerState === 'Off') return planSwitchedOff(facts, present);
  const failure = trialFailure(facts, machine, domain, mark);
  const back = returnOf(mark, failure);
  if (back) return planReturning(facts, present, back);
  const markNeeds = planMarkChanges(facts, present);
  // What is not proven is proven first, or fails.
  const isFree = (mark.provenAtMs !== null && !mark.isSettling) || failure !== null;
  const remedy = remedyRenewal(facts, machine, domain, mark);
  const renewal = remedy ?? renewalOf(facts, machine, mark);
  const undone = failure ?? remedy?.remedies ?? null;
  const pending: Replacement | null = renewal && { machine, domain, mark, renewal, markNeeds, failure: undone };
  const isDue = isFree || remedy !== null;
  // A new root disk that never ran was not taken down for the next change: it is proven first as well.
  const hasRunYet = mark.provenAtMs !== null || hasRun(facts, machine.name, mark);
  const replacement = pending && (isDue || (hasRunYet && isTakenDown(facts, pending))) ? pending : null;
  if (replacement && isBegun(facts, present, replacement)) return planChanging(facts, present, replacement);
  const up = planUp(facts, present);
  const road: MachineRoad = {
    draft,
    mark,
    markNeeds,
    up,
    replacement,
    phase: isUnsettled(mark) ? 'changing' : 'steady',
  };
  if (isUnsettled(mark) && up !== null) planTrial(machine, mark, hasRun(facts, machine.name, mark) ? [] : up, draft);
  if (up === null || machine.object.kind !== 'Machine') return road;
  if (replacement && failure === null && !isOff(domain) && mayChangeMachine(facts, present, replacement, up))
    return planChanging(facts, present, replacement);
  const settled = planSettle(facts, machine, mark, up, markNeeds, draft);
  return { ...road, markNeeds: replacement ? settled : planKeep(facts, machine, mark, settled, draft) };
}

function planSwitchedOff(facts: Facts, { machine, domain, mark, draft }: Present): MachineRoad {
  const markNeeds = planUpdate(facts, machine, mark, draft);
  const idle = planIdle(facts, machine, draft);
  planPowerOff(facts, machine.name, domain, machine.deadlines.shutdownMs, 'powerState is Off', draft, idle);
  if (domain.autostart && !machine.drift.ignore.includes('/autostart')) planNoAutostart(machine.name, draft);
  return { draft, mark, markNeeds, up: null, replacement: null, phase: 'steady' };
}

/** Steps that only write the mark or change the machine without disturbing it; one after the other, because each writes the mark. */
function planMarkChanges(facts: Facts, { machine, mark, draft }: Present): readonly string[] {
  const updated = planUpdate(facts, machine, mark, draft);
  return [...updated, ...planRetry(facts, machine, mark, updated, draft)];
}

/** Until it runs and its guest answers; `null`: it does not get there. */
function planUp(facts: Facts, { machine, domain, mark, inputs, draft }: Present): readonly string[] | null {
  const reserve = planReservation(facts, machine, inputs.addresses.get(machine.name), draft);
  if (domain.state !== 'running' && isHostUnfit(facts, machine, inputs, draft)) return null;
  const image = planImageUnder(facts, domain, mark, inputs.images, draft);
  if (image === null) return null;
  const start = planStart(facts, machine, domain, mark, [...reserve, ...image], draft);
  if (start === null) return null;
  const up = planAnswer(facts, machine, draft, domain, start);
  return isWithoutState(facts, machine, draft) ? null : up;
}

/** Whether a change goes on that has taken the machine down, or finds it down with nothing left to ask. What is quarantined never does. */
function isBegun(facts: Facts, { machine, domain, draft }: Present, replacement: Replacement): boolean {
  const { renewal, mark, failure } = replacement;
  if (domain.managedSave || isQuarantined(mark, renewal.digest) || !hasImage(facts, replacement)) return false;
  // Asked also of one that is down already: until the root disk is replaced, a commit may forbid it.
  if (isTakenDown(facts, replacement)) return isRenewalAllowed(facts, machine, mark, renewal, draft);
  if (failure === null && !isOff(domain)) return false;
  // A node whose guest could be asked for its volumes and its backup is started first, as it was.
  const isNode = machine.object.kind === 'Cluster';
  if (failure === null && renewal.what === 'recreate' && isNode) return false;
  if (!isRenewalAllowed(facts, machine, mark, renewal, draft)) return false;
  if (failure !== null || renewal.what === 'restart') return true;
  return mayBegin(facts, beginningOf(facts, machine, renewal, []), draft);
}

/** Whether what is on trial was started already: from then on its time counts. */
function hasRun(facts: Facts, name: string, mark: Mark): boolean {
  return mark.isSettling === true || (facts.folders.get(name)?.generations ?? []).includes(mark.generation);
}

/** A stopped machine does not wait for an image. */
function hasImage(facts: Facts, { renewal }: Replacement): boolean {
  return renewal.what === 'restart' || facts.imageDigests.has(renewal.spec.image.digest);
}

function mayChangeMachine(
  facts: Facts,
  { machine, inputs, draft }: Present,
  { renewal, mark }: Replacement,
  up: readonly string[],
): boolean {
  if (!isRenewalAllowed(facts, machine, mark, renewal, draft)) return false;
  const images = inputs.images.get(renewal.spec.image.digest) ?? [];
  return mayBegin(facts, beginningOf(facts, machine, renewal, images), draft) && up.length === 0;
}

/** Down, changed and up again; a plain machine is settled at the end, a node's road goes on with its cluster. */
function planChanging(facts: Facts, present: Present, replacement: Replacement): MachineRoad {
  const { machine, domain, inputs, draft } = present;
  if (isOff(domain) && isHostUnfit(facts, machine, inputs, draft)) {
    return { draft, mark: replacement.mark, markNeeds: [], up: null, replacement: null, phase: 'changing' };
  }
  const images = inputs.images.get(replacement.renewal.spec.image.digest) ?? [];
  const start = planReplacement(facts, replacement, images, draft);
  const mark = renewedMark(facts, replacement);
  const up = planAnswer(facts, machine, draft, domain, start);
  planTrial(machine, mark, start, draft);
  const markNeeds = machine.object.kind === 'Machine' ? planSettle(facts, machine, mark, up, [], draft) : [];
  return { draft, mark, markNeeds, up, replacement: null, phase: 'changing' };
}

function planReturning(facts: Facts, present: Present, back: Return): MachineRoad {
  const { machine, domain, inputs, draft } = present;
  const mark = returnedMark(facts, machine, present.mark, back.fallback);
  const road = { draft, mark, markNeeds: [], replacement: null, phase: 'returning' } as const;
  if (isOff(domain) && isHostUnfit(facts, machine, inputs, draft)) return { ...road, up: null };
  const start = planGoBack(facts, machine, domain, present.mark, back, draft);
  if (start === null) return { ...road, up: null };
  const up = planAnswer(facts, machine, draft, domain, start);
  if (machine.object.kind === 'Machine') planKeep(facts, machine, mark, up, draft);
  return { ...road, up };
}
