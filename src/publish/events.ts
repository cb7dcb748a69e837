import type { Outcome, Plan } from '../model/plan.ts';
import type { Condition, SourceStatus, Status } from '../model/status.ts';

/** Something that happened, for `kreconcile events` and people's alerts. */
export interface AgentEvent {
  readonly atMs: number;
  readonly type: 'Normal' | 'Warning';
  /** `Machine/dev-cp-1`, `Cluster/dev`, `Source` or `Agent`. */
  readonly object: string;
  /** One word: `StepDone`, `StepFailed`, `RevisionEnforced`, or the reason of a condition. */
  readonly reason: string;
  readonly message: string;
  readonly revision: string | null;
}

/** What a pass did and changed. Pure: compares two statuses, and tells the outcomes by the titles of their steps. */
export function eventsOf(
  before: Status | null,
  after: Status,
  plan: Plan | null,
  outcomes: readonly Outcome[],
): readonly AgentEvent[] {
  const revision = after.source.lastGoodRevision;
  const drafts = [
    ...sourceEvents(before?.source ?? null, after.source, after.writtenAtMs),
    ...outcomes.map((outcome) => outcomeEvent(outcome, plan)),
    ...changedConditions(before, after),
  ];
  return drafts.map((draft) => ({ ...draft, revision }));
}

type Draft = Omit<AgentEvent, 'revision'>;

function sourceEvents(before: SourceStatus | null, after: SourceStatus, atMs: number): readonly Draft[] {
  const events: Draft[] = [];
  const common = { atMs, object: 'Source' } as const;
  if (after.lastGoodRevision !== null && after.lastGoodRevision !== before?.lastGoodRevision) {
    const message = `revision ${after.lastGoodRevision} is enforced`;
    events.push({ ...common, type: 'Normal', reason: 'RevisionEnforced', message });
  }
  const { problem } = after;
  if (problem && (problem.code !== before?.problem?.code || problem.message !== before.problem.message)) {
    const message = [problem.message, ...problem.details].join('; ');
    events.push({ ...common, type: 'Warning', reason: problem.code, message });
  }
  if (!problem && before?.problem) {
    events.push({ ...common, type: 'Normal', reason: 'SourceRecovered', message: 'the source is well again' });
  }
  return events;
}

function outcomeEvent(outcome: Outcome, plan: Plan | null): Draft {
  const step = plan?.steps.find(({ id }) => id === outcome.step);
  const object = step ? `${step.target.kind}/${step.target.name}` : 'Agent';
  const title = step?.title ?? outcome.step;
  if (outcome.state === 'failed') {
    const message = `${title}: ${outcome.message} (${outcome.code})`;
    return { atMs: outcome.atMs, type: 'Warning', object, reason: 'StepFailed', message };
  }
  const reason = outcome.state === 'done' ? 'StepDone' : 'StepStarted';
  return { atMs: outcome.atMs, type: 'Normal', object, reason, message: title };
}

/** A condition whose status or reason is another one than before, and one that is new and not True by itself. */
function changedConditions(before: Status | null, after: Status): readonly Draft[] {
  const objects = [
    ...after.clusters.map(({ name, conditions }) => ({ object: `Cluster/${name}`, conditions })),
    ...after.machines.map(({ name, conditions }) => ({ object: `Machine/${name}`, conditions })),
  ];
  const known = new Map<string, readonly Condition[]>([
    ...(before?.clusters ?? []).map(({ name, conditions }) => [`Cluster/${name}`, conditions] as const),
    ...(before?.machines ?? []).map(({ name, conditions }) => [`Machine/${name}`, conditions] as const),
  ]);
  return objects.flatMap(({ object, conditions }) =>
    conditions
      // Reconciling comes and goes with every step, and the steps have events of their own.
      .filter(({ type }) => type !== 'Reconciling')
      .filter((condition) => !isSame(condition, known.get(object)))
      .map((condition) => conditionEvent(object, condition, after.writtenAtMs)),
  );
}

function isSame(condition: Condition, before: readonly Condition[] | undefined): boolean {
  const same = before?.find(({ type }) => type === condition.type);
  return same?.status === condition.status && same.reason === condition.reason;
}

function conditionEvent(object: string, { type, status, reason, message }: Condition, atMs: number): Draft {
  const isWarning = type === 'Stalled' || (status === 'Unknown' && reason !== 'GuestSilent');
  return {
    atMs,
    type: isWarning ? 'Warning' : 'Normal',
    object,
    reason,
    message: type === 'Stalled' ? `stalled: ${message}` : `${status === 'True' ? 'ready' : 'not ready'}: ${message}`,
  };
}
