import type { Observed } from '../../model/observed.ts';
import type { Action, Outcome, Plan, Step, Wait } from '../../model/plan.ts';
import type { Activity } from '../../model/simulation.ts';

/** A wait that comes back so soon was never over. */
const SAME_WAIT_MS = 1_000;
/** Acts that clear away what nobody uses any more, or write down what already is. */
const CLEARING: ReadonlySet<string> = new Set(['drop-generation', 'write-mark', 'forget']);

/** What was done and waited for, from one pass to the next. */
export interface ActivityLog {
  /** Notes a pass: what it did, and what its plan waits for. `atMs` counts from the start. */
  add(
    pass: { readonly plan: Plan; readonly observed: Observed; readonly outcomes: readonly Outcome[] },
    atMs: number,
  ): void;
  /** In the order in which they began. */
  all(): readonly Activity[];
  /** End of the last act that is more than clearing away. */
  lastActMs(): number;
  /** Machines of which something was put back to what ran before. */
  rolledBack(): readonly string[];
}

interface Entry {
  activity: Activity;
  readonly step: Step | null;
  isOverdue: boolean;
}

export function createActivityLog(): ActivityLog {
  const entries: Entry[] = [];
  /** By wait id: what it keeps open. */
  const open = new Map<string, Entry>();
  const latest = new Map<string, Entry>();
  const undone = new Set<string>();

  const begin = (id: string, activity: Activity, step: Step | null): Entry => {
    const entry: Entry = { activity, step, isOverdue: false };
    entries.push(entry);
    latest.set(id, entry);
    return entry;
  };
  const noteOutcome = (step: Step, outcome: Outcome, atMs: number): void => {
    if (outcome.state === 'started') return;
    const isDone = outcome.state === 'done';
    begin(
      step.id,
      { ...stepActivity(step, atMs), outcome: outcome.state, detail: isDone ? '' : outcome.message },
      step,
    );
    if (isDone && isUndoing(step.action)) undone.add(step.target.name);
  };
  const noteWait = (wait: Wait, atMs: number): void => {
    const present = open.get(wait.id) ?? resumed(latest, wait, atMs);
    const entry = present ?? begin(wait.id, waitActivity(wait, atMs), null);
    open.set(wait.id, entry);
    if (wait.overdue) entry.isOverdue = true;
    // A wait of its own has its condition as title.
    const detail = [...(entry.step ? [wait.condition] : []), wait.detail].filter((text) => text !== '').join(': ');
    entry.activity = { ...entry.activity, endMs: null, outcome: 'open', detail };
  };
  return {
    add({ plan, observed, outcomes }, atMs) {
      const steps = new Map(plan.steps.map((step) => [step.id, step]));
      const waiting = plan.waits.filter((wait) => wait.needs.length === 0);
      const ids = new Set(waiting.map((wait) => wait.id));
      for (const [id, entry] of open) {
        if (ids.has(id)) continue;
        open.delete(id);
        const isGivenUp = steps.has(`machine/${entry.activity.target.name}/quarantine`);
        entry.activity = { ...entry.activity, endMs: atMs, ...endOf(entry, observed, isGivenUp) };
      }
      for (const outcome of outcomes) {
        const step = steps.get(outcome.step);
        if (step) noteOutcome(step, outcome, atMs);
      }
      for (const wait of waiting) noteWait(wait, atMs);
    },
    all: () => entries.map((entry) => entry.activity),
    lastActMs: () =>
      entries.reduce((last, { step, activity }) => {
        const isAct = step !== null && !CLEARING.has(step.action.kind) && activity.endMs !== null;
        return isAct ? Math.max(last, activity.endMs ?? 0) : last;
      }, 0),
    rolledBack: () => [...undone].sort(),
  };
}

function stepActivity(step: Step, atMs: number): Omit<Activity, 'outcome' | 'detail'> {
  const { id, target, object, title, reason, disruptive, destructive } = step;
  return { id, kind: 'step', target, object, title, reason, startMs: atMs, endMs: atMs, disruptive, destructive };
}

function waitActivity({ id, target, object, condition }: Wait, atMs: number): Activity {
  const nothing = { reason: '', detail: '', disruptive: false, destructive: false } as const;
  return {
    id,
    kind: 'wait',
    target,
    object,
    title: condition,
    startMs: atMs,
    endMs: null,
    outcome: 'open',
    ...nothing,
  };
}

/** What the wait goes on with: the step that began what it waits for, or itself a moment ago. */
function resumed(latest: ReadonlyMap<string, Entry>, wait: Wait, atMs: number): Entry | null {
  const isNear = (entry: Entry | undefined): entry is Entry =>
    entry !== undefined && entry.activity.outcome !== 'failed' && atMs - (entry.activity.endMs ?? atMs) <= SAME_WAIT_MS;
  const begun = /^(.+)\/done$/.exec(wait.id)?.[1];
  const step = begun === undefined ? undefined : latest.get(begun);
  if (isNear(step)) return step;
  const itself = latest.get(wait.id);
  return isNear(itself) ? itself : null;
}

/** A wait ends well unless it was late, what was waited for says that it failed, or it is given up for the way back. */
function endOf(
  { step, isOverdue, activity }: Entry,
  observed: Observed,
  isGivenUp: boolean,
): Pick<Activity, 'outcome' | 'detail'> {
  const failure = step && operationFailure(step.action, observed);
  if (failure != null) return { outcome: 'failed', detail: failure };
  if (isGivenUp)
    return { outcome: 'failed', detail: ['given up', activity.detail].filter((text) => text !== '').join(': ') };
  return isOverdue
    ? { outcome: 'failed', detail: `not in time${activity.detail === '' ? '' : `: ${activity.detail}`}` }
    : { outcome: 'done', detail: '' };
}

function operationFailure(action: Action, { guests }: Observed): string | null {
  if (action.kind !== 'guest-operation') return null;
  const reading = guests[action.machine];
  const operation = reading?.known
    ? reading.value.operations.find((entry) => entry.id === action.operation)
    : undefined;
  return operation?.state === 'failed' ? operation.message : null;
}

/** Acts that put back what ran before. */
function isUndoing(action: Action): boolean {
  const verb: string = action.kind === 'guest-operation' ? action.verb : action.kind;
  return verb === 'go-back' || verb === 'rollback';
}
