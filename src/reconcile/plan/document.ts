import jsonPatch from 'fast-json-patch';
import type { Desired } from '../../model/desired.ts';
import type { MachineDrift } from '../../model/drift.ts';
import type { Domain, Observed, Reading } from '../../model/observed.ts';
import type { Plan, Step } from '../../model/plan.ts';
import type { MachineChange, PatchOperation, PlanDocument, ReadingAge, ShownStep } from '../../model/report.ts';
import { changedFields, classifyChanges } from './change.ts';
import { driftOf } from './drift.ts';
import { ownMark } from './facts.ts';

/** The plan with what people and programs want to see beside it: changes as RFC 6902 patches, and how old readings are. Pure. */
export function planDocument(desired: Desired, observed: Observed, plan: Plan): PlanDocument {
  const domains = observed.inventory.known ? observed.inventory.value.domains : null;
  return {
    schema: 1,
    revision: plan.revision,
    atMs: plan.atMs,
    steps: plan.steps.map(shownStep),
    waits: plan.waits,
    blocks: plan.blocks,
    notes: plan.notes,
    ...(plan.legs ? { legs: plan.legs.map((leg) => ({ ...leg, steps: leg.steps.map(shownStep) })) } : {}),
    changes: domains === null ? [] : changesOf(desired, domains),
    drift: domains === null ? [] : driftsOf(desired, domains),
    readings: Object.fromEntries(
      Object.entries(observed.guests)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, reading]) => [name, ageOf(reading)]),
    ),
  };
}

function shownStep(step: Step): ShownStep {
  return { ...step, action: step.action.kind };
}

function ageOf(reading: Reading<unknown>): ReadingAge {
  return { known: reading.known, atMs: reading.atMs, reason: reading.known ? '' : reading.reason };
}

function changesOf(desired: Desired, domains: readonly Domain[]): readonly MachineChange[] {
  const byUuid = new Map(domains.map((domain) => [domain.uuid, domain]));
  const wanted = desired.machines.flatMap((machine): MachineChange[] => {
    const domain = byUuid.get(machine.uuid);
    const { name, object, spec } = machine;
    if (!domain) return [{ machine: name, object, change: 'create', patch: [{ op: 'add', path: '', value: spec }] }];
    const mark = ownMark(domain, desired.owner);
    if (!mark) return [];
    const patch = patchOf(mark.spec, spec);
    const fields = classifyChanges(mark, spec, domain.live?.maxCpus ?? null);
    return patch.length === 0 ? [] : [{ machine: name, object, change: 'update', patch, fields }];
  });
  const uuids = new Set(desired.machines.map((machine) => machine.uuid));
  const unwanted = domains.flatMap((domain): MachineChange[] => {
    const mark = ownMark(domain, desired.owner);
    if (!mark || uuids.has(domain.uuid)) return [];
    return [{ machine: domain.name, object: mark.object, change: 'delete', patch: [{ op: 'remove', path: '' }] }];
  });
  return [...wanted, ...unwanted].sort((a, b) => (a.machine < b.machine ? -1 : 1));
}

/** Of what a person should hear: the drift of machines that are being made is none. */
function driftsOf(desired: Desired, domains: readonly Domain[]): readonly MachineDrift[] {
  const byUuid = new Map(domains.map((domain) => [domain.uuid, domain]));
  return desired.machines.flatMap((machine) => {
    const domain = byUuid.get(machine.uuid);
    const mark = domain ? ownMark(domain, desired.owner) : null;
    return (domain && mark?.provenAtMs && driftOf(machine, domain, mark)) || [];
  });
}

/** Only fields that count as changed: one that the applied spec does not know is none. */
function patchOf(applied: object, desired: object): readonly PatchOperation[] {
  const fields = changedFields(applied as never, desired as never);
  return fields.flatMap(({ path, from, to }): readonly PatchOperation[] => {
    if (to === undefined) return [{ op: 'remove', path }];
    if (from === undefined) return [{ op: 'add', path, value: to }];
    if (!isBranch(from) || !isBranch(to) || Array.isArray(from) !== Array.isArray(to)) {
      return [{ op: 'replace', path, value: to }];
    }
    return jsonPatch.compare(from, to).flatMap((operation) => shown(path, operation));
  });
}

function isBranch(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function shown(path: string, operation: jsonPatch.Operation): PatchOperation[] {
  const at = `${path}${operation.path}`;
  if (operation.op === 'remove') return [{ op: 'remove', path: at }];
  return operation.op === 'add' || operation.op === 'replace'
    ? [{ op: operation.op, path: at, value: operation.value }]
    : [];
}
