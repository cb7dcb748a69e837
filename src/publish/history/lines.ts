import type { Desired } from '../../model/desired.ts';
import type { HistoryEnd, HistoryLine, HistoryStep, HistoryWait } from '../../model/history.ts';
import type { Ledger } from '../../model/ledger.ts';
import { objectKey } from '../../model/mark.ts';
import type { Outcome, Plan, Step } from '../../model/plan.ts';

/** What one pass tells about the past. */
export interface HistoryInput {
  /** What was remembered before the pass: which conditions were waited for, and since when. */
  readonly ledger: Ledger;
  readonly desired: Desired;
  readonly plan: Plan;
  readonly outcomes: readonly Outcome[];
  /** Objects with a change under way. */
  readonly open: ReadonlySet<string>;
  /** Ids of waits whose deadline had passed when they were last seen. */
  readonly overdue: ReadonlySet<string>;
}

const MOST_CHANGES = 20;
const MOST_VALUE_LENGTH = 300;
/** Names for what is waited for, where the id's own word says less. */
const NAMES: Readonly<Record<string, string>> = {
  guest: 'boot',
  healthy: 'ready',
  off: 'shutdown',
  present: 'fetch-image',
};

/**
 * What to add to the history after a pass: conditions that came true since the pass before, steps, and the ends of changes. All of it comes from ledger
 * and plan, so an agent that was ended in between misses nothing that lasted. Pure.
 */
export function historyLines(input: HistoryInput): readonly HistoryLine[] {
  const { plan, open } = input;
  // Of a host that was not seen nothing is known.
  if (plan.blocks.some((block) => block.guard === 'HypervisorUnreachable')) return [];
  const done = input.outcomes.flatMap((outcome) => stepLine(plan, outcome));
  const begun = new Set([...open, ...done.filter((line) => !isLook(plan, line)).map((line) => line.object)]);
  const steps = done.filter((line) => begun.has(line.object));
  const touched = new Set([...open, ...steps.map((line) => line.object)]);
  return [
    ...endedWaits(input).filter((line) => touched.has(line.object)),
    ...steps,
    ...[...touched].flatMap((object) => endLine(plan, object)),
  ];
}

function stepLine(plan: Plan, outcome: Outcome): readonly HistoryStep[] {
  const step = plan.steps.find((entry) => entry.id === outcome.step);
  if (!step || outcome.state === 'started') return [];
  return [
    {
      kind: 'step',
      atMs: outcome.atMs,
      object: objectOf(step),
      revision: plan.revision,
      step: step.id,
      title: step.title,
      reason: step.reason,
      what: step.action.kind,
      changes: step.changes.slice(0, MOST_CHANGES).map(shortened),
      error: outcome.state === 'failed' ? `${outcome.message} (${outcome.code})` : null,
      tookMs: outcome.tookMs ?? null,
    },
  ];
}

/** Looking into a guest changes nothing: by itself it is no change of anything, however often it is repeated while a guard holds the change back. */
function isLook(plan: Plan, line: HistoryStep): boolean {
  const action = plan.steps.find((entry) => entry.id === line.step)?.action;
  return action?.kind === 'guest-operation' && action.verb === 'survey';
}

function objectOf({ object, target }: Pick<Step, 'object' | 'target'>): string {
  return object ? objectKey(object) : `${target.kind}/${target.name}`;
}

function shortened(change: Step['changes'][number]): Step['changes'][number] {
  const short = (value: unknown): unknown => {
    const text = JSON.stringify(value) ?? '';
    return text.length > MOST_VALUE_LENGTH ? `${text.slice(0, MOST_VALUE_LENGTH)}…` : value;
  };
  return { path: change.path, from: short(change.from), to: short(change.to) };
}

/** A wait that the ledger knows and the plan has not any more came true, unless a commit took its reason away. */
function endedWaits({ ledger, desired, plan, overdue }: HistoryInput): readonly HistoryWait[] {
  if (ledger.revision !== plan.revision) return [];
  const planned = new Set([...plan.steps, ...plan.waits].map((entry) => entry.id));
  return Object.entries(ledger.since)
    .filter(([id]) => !planned.has(id) && !/\/(?:pause|backoff)$/.test(id))
    .map(([id, sinceMs]) => ({
      kind: 'wait',
      atMs: plan.atMs,
      object: objectOfId(desired, id),
      revision: plan.revision,
      wait: id,
      what: nameOf(id),
      tookMs: Math.max(0, plan.atMs - sinceMs),
      overdue: overdue.has(id),
    }));
}

/** `upgrade` of `machine/dev-cp-1/upgrade/done`. */
function nameOf(id: string): string {
  const words = id.split('/').slice(2);
  const word = (words.at(-1) === 'done' ? words.at(-2) : words.at(-1)) ?? id;
  return NAMES[word] ?? word;
}

function objectOfId(desired: Desired, id: string): string {
  const [kind = '', name = ''] = id.split('/');
  const machine = kind === 'machine' ? desired.machines.find((entry) => entry.name === name) : undefined;
  if (machine) return objectKey(machine.object);
  return `${kind.charAt(0).toUpperCase()}${kind.slice(1)}/${name}`;
}

/** The end of a change: nothing of the object is to be done or waited for any more. */
function endLine(plan: Plan, object: string): readonly HistoryEnd[] {
  const isIts = (entry: Pick<Step, 'object' | 'target'>) => objectOf(entry) === object;
  if (plan.steps.some(isIts) || plan.waits.some(isIts)) return [];
  const blocks = plan.blocks.filter(isIts);
  const end = { kind: 'end', atMs: plan.atMs, object, revision: plan.revision } as const;
  const told = (entries: typeof blocks) => entries.map(({ guard, reason }) => `${guard}: ${reason}`).join('; ');
  const quarantined = blocks.filter((block) => block.guard === 'Quarantined');
  if (quarantined.length > 0) return [{ ...end, outcome: 'rolled-back', detail: told(quarantined) }];
  return [{ ...end, outcome: blocks.length > 0 ? 'blocked' : 'done', detail: told(blocks) }];
}
