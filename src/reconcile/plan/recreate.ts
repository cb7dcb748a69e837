import type { DesiredMachine } from '../../model/desired.ts';
import type { Mark } from '../../model/mark.ts';
import type { Domain } from '../../model/observed.ts';
import type { Draft } from './draft.ts';
import type { Facts } from './facts.ts';
import { planDropOthers } from './keep.ts';
import { nextMark, settledMark } from './mark.ts';
import { isShared } from './members.ts';
import { planPowerOff } from './power.ts';
import type { Renewal } from './renewal.ts';

/** A machine that is to be taken down and brought up changed. */
export interface Replacement {
  readonly machine: DesiredMachine;
  readonly domain: Domain;
  readonly mark: Mark;
  readonly renewal: Renewal;
  /** Steps that write the mark. */
  readonly markNeeds: readonly string[];
  /** Why what runs now has failed, where it has: then this change undoes it, and nobody has to be asked first. */
  readonly failure: string | null;
}

/**
 * Takes a machine down, copies its state disk, puts the new root disk or definition in place and starts it. What comes before it (drain, backup) is
 * in `needs`. Each step vanishes when it is observed as done. Returns what must come before it runs again.
 */
export function planReplacement(
  facts: Facts,
  replacement: Replacement,
  needs: readonly string[],
  draft: Draft,
): readonly string[] {
  const { machine, domain, mark, renewal, markNeeds } = replacement;
  const { name } = machine;
  const dropped = renewal.what === 'recreate' ? planDropOthers(facts, machine, mark, markNeeds, draft) : [];
  const before = [...needs, ...markNeeds, ...dropped];
  const asked = planPowerOff(facts, name, domain, machine.deadlines.shutdownMs, downReason(renewal), draft, before);
  const off = isOff(domain) ? before : asked;
  const copied = renewal.what === 'recreate' ? planStateCopy(facts, replacement, off, draft) : off;
  const changed = draft.step({ ...changeStep(facts, replacement), needs: copied });
  return draft.step({
    id: `machine/${name}/start`,
    title: `start ${name}`,
    reason: renewal.what === 'recreate' ? 'its new root disk is in place' : 'its new definition is in place',
    needs: changed,
    action: { kind: 'start', machine: name },
  });
}

export function isOff(domain: Domain): boolean {
  return domain.state === 'shut off' || domain.state === 'crashed';
}

/**
 * Whether the machine was taken down for its change: by a shutdown that was asked for since it was last started, or as its state disk was copied
 * already. Then it is gone on with, whatever forbids a beginning.
 */
export function isTakenDown(facts: Facts, { machine, domain, mark }: Replacement): boolean {
  const asked = facts.ledger.attempts[`machine/${machine.name}/shutdown`];
  const started = facts.ledger.attempts[`machine/${machine.name}/start`];
  const isAsked = asked !== undefined && asked.error === null && asked.lastAtMs > (started?.lastAtMs ?? 0);
  if (!isOff(domain)) return isAsked && facts.nowMs - asked.lastAtMs <= 2 * machine.deadlines.shutdownMs;
  return isAsked || hasCurrentCopy(facts, machine.name, mark.generation);
}

function downReason({ what, fields, remedies }: Renewal): string {
  if (remedies !== undefined) return remedies;
  const forced = fields.map((field) => field.path).join(', ');
  return `${forced} changed, which takes ${what === 'recreate' ? 'a new root disk' : 'a new definition and a restart'}`;
}

/** The state disk as the present generation leaves it: what going back begins from. */
function planStateCopy(
  facts: Facts,
  { machine, domain, mark }: Replacement,
  needs: readonly string[],
  draft: Draft,
): readonly string[] {
  const { name } = machine;
  if (mark.spec.stateDiskMiB === null) return needs;
  if (isOff(domain) && hasCurrentCopy(facts, name, mark.generation)) return needs;
  const id = `machine/${name}/copy-state`;
  const title = `copy the state disk of ${name}`;
  const copying = facts.inventory.operations.find((entry) => entry.id === `copy-state-${name}-${mark.generation}`);
  const wait = (after: readonly string[], detail: string) =>
    draft.wait({
      id: `${id}/done`,
      condition: `the state disk of ${name} is copied`,
      needs: after,
      detail,
      pollMs: 1_000,
    });
  if (copying?.state === 'running') return wait([], copying.message);
  const failure = isOff(domain) && copying?.state === 'failed' ? copying.message : null;
  const paused = failure === null ? [] : draft.pause(id, title, copying?.endedAtMs ?? null, failure);
  const step = draft.step({
    id,
    title,
    reason: failure === null ? 'going back would begin from this copy' : `the last copy failed: ${failure}`,
    needs: [...needs, ...paused],
    action: { kind: 'copy-state', machine: name, generation: mark.generation },
  });
  return wait(step, '');
}

function hasCurrentCopy(facts: Facts, name: string, generation: number): boolean {
  const copies = facts.folders.get(name)?.copies ?? [];
  return copies.some((copy) => copy.generation === generation && copy.isCurrent);
}

function changeStep(facts: Facts, replacement: Replacement): Omit<Parameters<Draft['step']>[0], 'needs'> {
  const { machine, mark, renewal } = replacement;
  const { name } = machine;
  const { fields, what } = renewal;
  if (what === 'restart') {
    return {
      id: `machine/${name}/redefine`,
      title: `define ${name} anew`,
      reason: downReason(renewal),
      changes: fields,
      action: {
        kind: 'redefine',
        machine: name,
        mark: renewedMark(facts, replacement),
      },
    };
  }
  return {
    id: `machine/${name}/replace`,
    title: `replace the root disk of ${name}${mark.spec.stateDiskMiB === null ? '' : ', its state disk stays'}`,
    reason: downReason(renewal),
    changes: fields,
    destructive: true,
    action: {
      kind: 'replace',
      machine: name,
      mark: renewedMark(facts, replacement),
      stateDiskNew: mark.spec.stateDiskMiB === null || (mark.provenAtMs === null && (mark.previous ?? null) === null),
    },
  };
}

/** The mark of the changed machine: with a new root disk the generation after all that are there, and the way back to the present one. */
export function renewedMark(facts: Facts, { machine, mark, renewal }: Replacement): Mark {
  const next = settledMark(nextMark(facts, machine, mark, renewal.spec));
  // What was never well itself is nothing to go back to.
  const isWell = mark.provenAtMs !== null && !mark.isSettling;
  if (renewal.what === 'restart') return { ...next, isSettling: true, ...(isWell ? { formerSpec: mark.spec } : {}) };
  const generations = facts.folders.get(machine.name)?.generations ?? [];
  // A root disk on which the node was not well is kept, and is nothing to go back to.
  const provenAtMs = renewal.remedies === undefined ? mark.provenAtMs : null;
  return {
    ...next,
    address: machine.spec.address ?? mark.address,
    // Without its state disk it comes back as a stranger.
    ...(mark.spec.stateDiskMiB === null && isShared(facts, machine) ? { joins: true } : {}),
    generation: Math.max(mark.generation, ...generations) + 1,
    previousGeneration: mark.generation,
    previous: { generation: mark.generation, spec: mark.spec, provenAtMs },
    provenAtMs: null,
  };
}
