import type { DesiredMachine } from '../../model/desired.ts';
import type { Mark } from '../../model/mark.ts';
import { minuteText } from '../../model/time-text.ts';
import type { Draft } from './draft.ts';
import type { Facts } from './facts.ts';
import { isUnsettled } from './mark.ts';

/**
 * Removes what is left of earlier root disks: one that failed, as soon as the machine is well again; the one before the present, when `keepFor` has
 * passed since the present was proven. `needs` proves the machine.
 */
export function planKeep(
  facts: Facts,
  machine: DesiredMachine,
  mark: Mark,
  needs: readonly string[],
  draft: Draft,
): readonly string[] {
  const failed = planDropFailed(facts, machine, mark, needs, draft);
  const previous = mark.previous ?? null;
  if (previous === null || mark.provenAtMs === null || isUnsettled(mark)) return [...needs, ...failed];
  const untilMs = mark.provenAtMs + machine.keepForMs;
  if (facts.nowMs < untilMs) {
    draft.lookAgain(untilMs);
    draft.note(
      `root disk ${previous.generation} of ${machine.name} and the state it left are kept until ${minuteText(untilMs)}`,
    );
    return [...needs, ...failed];
  }
  const why = `root disk ${mark.generation} has been proven for as long as upgrade.keepFor asks`;
  return [...needs, ...dropPrevious(machine, mark, why, [...needs, ...failed], draft)];
}

/** Makes room for another way back: only one is kept. */
export function planDropOthers(
  facts: Facts,
  machine: DesiredMachine,
  mark: Mark,
  needs: readonly string[],
  draft: Draft,
): readonly string[] {
  const failed = planDropFailed(facts, machine, mark, needs, draft);
  if ((mark.previous ?? null) === null) return failed;
  const why = `root disk ${mark.generation} is proven and becomes the one that is kept`;
  return dropPrevious(machine, mark, why, [...needs, ...failed], draft);
}

/** What going back has left: a later root disk than the present one, and the state that it wrote. */
function planDropFailed(
  facts: Facts,
  machine: DesiredMachine,
  mark: Mark,
  needs: readonly string[],
  draft: Draft,
): readonly string[] {
  const folder = facts.folders.get(machine.name);
  const later = (folder?.generations ?? []).filter((generation) => generation > mark.generation);
  const failed = later.length > 0 ? Math.max(...later) : folder?.isSetAside ? mark.generation + 1 : null;
  if (failed === null) return [];
  return draft.step({
    id: `machine/${machine.name}/drop-failed`,
    title: `remove root disk ${failed} of ${machine.name}`,
    reason: 'it failed, and the one before it is well again',
    needs,
    destructive: true,
    action: { kind: 'drop-generation', machine: machine.name, generation: failed, mark: null },
  });
}

function dropPrevious(
  machine: DesiredMachine,
  mark: Mark,
  reason: string,
  needs: readonly string[],
  draft: Draft,
): readonly string[] {
  const { previous } = mark;
  if (!previous) return [];
  return draft.step({
    id: `machine/${machine.name}/drop-previous`,
    title: `remove root disk ${previous.generation} of ${machine.name} and the state it left`,
    reason,
    needs,
    destructive: true,
    action: {
      kind: 'drop-generation',
      machine: machine.name,
      generation: previous.generation,
      mark: { ...mark, previous: null, previousGeneration: null },
    },
  });
}
