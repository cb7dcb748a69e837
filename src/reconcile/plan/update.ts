import type { DesiredMachine } from '../../model/desired.ts';
import type { Mark } from '../../model/mark.ts';
import type { ClassifiedChange } from '../../model/report.ts';
import { applyChanges } from './change.ts';
import type { Draft } from './draft.ts';
import { changesOf, type Facts } from './facts.ts';
import { nextMark, policiesDiffer } from './mark.ts';
import { plainChange } from './renewal.ts';

/**
 * Carries out what a commit changed on an existing machine as far as it is live, and blocks what can never change. What takes the machine down is
 * left to its renewal, the Kubernetes version to the upgrade. Returns the steps that write the mark.
 */
export function planUpdate(facts: Facts, machine: DesiredMachine, mark: Mark, draft: Draft): readonly string[] {
  const changes = changesOf(facts, machine.name);
  const refused = changes.filter((change) => change.class === 'refuse');
  if (refused.length > 0) {
    draft.block({
      guard: 'Immutable',
      changes: refused.map(plainChange),
      wayOut: 'Take the change back; make a new object under another name if the change is wanted.',
      reason: `${refused.map((field) => field.path).join(', ')} changed, which takes another object; nothing that disturbs ${machine.name} begins`,
    });
  }
  const live = changes.filter((change) => change.class === 'live');
  if (live.length === 0) return policiesDiffer(machine, mark) ? planMark(facts, machine, mark, draft) : [];
  return planLive(facts, machine, mark, live, draft);
}

function planLive(
  facts: Facts,
  machine: DesiredMachine,
  mark: Mark,
  live: readonly ClassifiedChange[],
  draft: Draft,
): readonly string[] {
  const to = (path: string): number | null => {
    const change = live.find((entry) => entry.path === path);
    return typeof change?.to === 'number' ? change.to : null;
  };
  return draft.step({
    id: `machine/${machine.name}/update`,
    title: `update ${machine.name} live`,
    changes: live.map(plainChange),
    reason: `${live.map((field) => field.path).join(', ')} changed; nothing is disturbed`,
    action: {
      kind: 'update-live',
      machine: machine.name,
      cpus: to('/cpus'),
      diskMiB: to('/diskMiB'),
      stateDiskMiB: to('/stateDiskMiB'),
      mark: nextMark(facts, machine, mark, applyChanges(mark.spec, live)),
    },
  });
}

function planMark(facts: Facts, machine: DesiredMachine, mark: Mark, draft: Draft): readonly string[] {
  return draft.step({
    id: `machine/${machine.name}/policies`,
    title: `note the policies of ${machine.name} in its mark`,
    reason: 'prune mode or deletion policy changed',
    changes: [
      { path: '/prune', from: mark.prune, to: machine.prune },
      { path: '/deletionPolicy', from: mark.deletionPolicy, to: machine.deletionPolicy },
    ].filter((change) => change.from !== change.to),
    action: { kind: 'write-mark', machine: machine.name, mark: nextMark(facts, machine, mark, mark.spec) },
  });
}
