import type { DesiredMachine } from '../../model/desired.ts';
import type { DriftEntry, DriftField, MachineDrift } from '../../model/drift.ts';
import type { Mark } from '../../model/mark.ts';
import type { FieldChange } from '../../model/plan.ts';
import { changedFields } from './change.ts';
import type { Draft } from './draft.ts';
import { driftOf } from './drift.ts';
import { type Facts, ownMark } from './facts.ts';
import type { MachineRoad } from './machine.ts';
import { policiesDiffer } from './mark.ts';

const WHILE_BUSY = 'it is taken back when nothing else stands in the way';
/** Fields that are in a definition; the others are properties of the domain, which stay when it is defined anew. */
const SHAPE: readonly DriftField[] = ['/cpus', '/memoryMiB', '/network/attach'];
const AGAIN = 'somebody changed it again after it was corrected';

/** Whether a difference in a field is taken back by itself. A machine that was never proven is still being made: that is no drift. */
export function isCorrected(machine: DesiredMachine, mark: Mark, field: DriftField): boolean {
  const { mode, ignore } = machine.drift;
  return mark.provenAtMs === null || (mode === 'correct' && !ignore.includes(field));
}

/**
 * Tells what somebody changed in a machine's definitions, and takes back what can be without disturbing anybody. Comes after all other planners: while
 * anything else changes the machine or its mark, that comes first.
 */
export function planDrift(facts: Facts, machine: DesiredMachine, road: MachineRoad | undefined): void {
  const domain = facts.domainsByUuid.get(machine.uuid);
  const mark = domain ? ownMark(domain, facts.desired.owner) : null;
  if (!road || !domain || !mark || domain.name !== machine.name || mark.provenAtMs === null) return;
  const { draft } = road;
  const drift = driftOf(machine, domain, mark);
  if (drift === null) return;
  const open = drift.entries.filter((entry) => !entry.isIgnored);
  // `/autostart` is set where power is planned.
  const now = open.filter((entry) => entry.end === 'now' && entry.field !== '/autostart');
  const obstacle = isAtRest(machine, mark, road) ? lossOf(drift) : WHILE_BUSY;
  for (const entry of open) if (entry.end !== 'now' || obstacle !== null) noteDrift(machine, entry, obstacle, draft);
  if (obstacle !== null) return;
  const next = now.filter((entry) => entry.where === 'next');
  const redefined = next.length === 0 ? [] : planRedefinition(machine, mark, next, draft);
  const live = now.filter((entry) => entry.where === 'live');
  if (live.length > 0) planRaise(machine, mark, live, redefined, draft);
}

/** Nothing is on its way that writes the machine's mark or definition. */
function isAtRest(machine: DesiredMachine, mark: Mark, { draft, phase, replacement }: MachineRoad): boolean {
  if (phase !== 'steady' || replacement !== null) return false;
  const isWriting = draft.steps.some(({ action }) => 'mark' in action && action.mark !== null);
  return !isWriting && changedFields(mark.spec, machine.spec).length === 0 && !policiesDiffer(machine, mark);
}

/** What a definition that is written anew as a whole would lose beside: devices that somebody added, and what the manifest leaves alone. */
function lossOf({ entries }: MachineDrift): string | null {
  const lost = entries.filter(
    ({ where, field, isIgnored }) =>
      where === 'next' &&
      (field === '/addedDisks' || field === '/addedInterfaces' || (isIgnored && SHAPE.includes(field))),
  );
  if (lost.length === 0) return null;
  const fields = lost.map(({ field }) => field).join(' and ');
  return `it is not taken back: that would write the definition anew as a whole, without what somebody did to ${fields}`;
}

function planRedefinition(
  machine: DesiredMachine,
  mark: Mark,
  entries: readonly DriftEntry[],
  draft: Draft,
): readonly string[] {
  const { name } = machine;
  const id = `machine/${name}/drift`;
  const title = `write the definition of ${name} anew`;
  const needs = draft.pause(id, title, null, AGAIN);
  const step = draft.step({
    id,
    title,
    needs,
    changes: entries.map(changeOf),
    reason: `somebody changed ${entries.map(({ field }) => field).join(', ')} of its next boot; what runs is not disturbed`,
    action: { kind: 'redefine', machine: name, mark },
  });
  // A machine that is about to be started starts with what was applied.
  for (const [index, entry] of draft.steps.entries())
    if (entry.id === `machine/${name}/start`) draft.steps[index] = { ...entry, needs: [...entry.needs, ...step] };
  return step;
}

function planRaise(
  { name }: DesiredMachine,
  mark: Mark,
  entries: readonly DriftEntry[],
  needs: readonly string[],
  draft: Draft,
): void {
  const id = `machine/${name}/drift-live`;
  const title = `give ${name} its ${mark.spec.cpus} vCPUs back`;
  draft.step({
    id,
    title,
    needs: [...needs, ...draft.pause(id, title, null, AGAIN)],
    changes: entries.map(changeOf),
    reason: 'somebody took some away; nothing is disturbed',
    action: { kind: 'update-live', machine: name, cpus: mark.spec.cpus, diskMiB: null, stateDiskMiB: null, mark },
  });
}

function changeOf({ field, observed, applied }: DriftEntry): FieldChange {
  return { path: field, from: observed, to: applied };
}

function noteDrift(machine: DesiredMachine, entry: DriftEntry, obstacle: string | null, draft: Draft): void {
  const when = entry.where === 'live' ? 'now' : 'at the next boot';
  const ends: Record<DriftEntry['end'], string> = {
    now: obstacle === null ? '' : `; ${obstacle}`,
    restart: '; only a restart takes it back, and kreconcile does not restart for it',
    person: '',
  };
  const found = `${entry.field} is ${JSON.stringify(entry.observed)} ${when}, applied is ${JSON.stringify(entry.applied)}`;
  draft.note(`${machine.name}: ${found}; somebody changed it${ends[entry.end]}`);
}
