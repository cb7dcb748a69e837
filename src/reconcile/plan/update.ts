import type { DesiredMachine } from '../../model/desired.ts';
import type { Mark } from '../../model/mark.ts';
import type { Domain } from '../../model/observed.ts';
import type { GuardName } from '../../model/plan.ts';
import { applyChanges, type ChangeClass, type ClassifiedChange, classifyChanges } from './change.ts';
import type { Draft } from './draft.ts';
import type { Facts } from './facts.ts';
import { nextMark, policiesDiffer } from './mark.ts';

const FORBIDDEN: Readonly<Partial<Record<ChangeClass, { guard: GuardName; takes: string; wayOut: string }>>> = {
  restart: {
    guard: 'RestartNeeded',
    takes: 'a new definition and a restart of the machine',
    wayOut: 'Take the change back, or delete the machine and let it be made anew.',
  },
  recreate: {
    guard: 'RecreateNeeded',
    takes: 'a new root disk',
    wayOut:
      'Take the change back, or delete the machine and let it be made anew; a state disk that is retained is not used again by itself.',
  },
  refuse: {
    guard: 'Immutable',
    takes: 'another object',
    wayOut: 'Take the change back; make a new object under another name if the change is wanted.',
  },
};

/**
 * Carries out what a commit changed on an existing machine as far as it is live, and blocks the rest with what it would take. The
 * Kubernetes version is left to the upgrade. Returns the steps that write the mark.
 */
export function planUpdate(
  facts: Facts,
  machine: DesiredMachine,
  domain: Domain,
  mark: Mark,
  draft: Draft,
): readonly string[] {
  const changes = classifyChanges(mark.spec, machine.spec, domain.live?.maxCpus ?? null);
  for (const [changeClass, forbidden] of Object.entries(FORBIDDEN)) {
    const fields = changes.filter((change) => change.class === changeClass);
    if (fields.length === 0 || !forbidden) continue;
    draft.block({
      guard: forbidden.guard,
      changes: fields.map(withoutClass),
      wayOut: forbidden.wayOut,
      reason: `${fields.map((field) => field.path).join(', ')} changed, which takes ${forbidden.takes}`,
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
    changes: live.map(withoutClass),
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

function withoutClass({ path, from, to }: ClassifiedChange): { path: string; from: unknown; to: unknown } {
  return { path, from, to };
}
