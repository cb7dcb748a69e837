import { toKreError } from '../model/error.ts';
import type { Action, ActionKind, Outcome, Plan, Step } from '../model/plan.ts';
import type { Clock, Log } from '../model/ports.ts';

/** One act: carries out a step's action. Idempotent, short, rejects with a `KreError`. */
export type Act<K extends ActionKind> = (action: Extract<Action, { kind: K }>) => Promise<void>;
/** How each kind of action is carried out. */
export type Acts = { readonly [K in ActionKind]: Act<K> };

export interface ExecuteParts {
  readonly acts: Acts;
  readonly clock: Clock;
  readonly log: Log;
  /** Called with the steps that are about to be begun, before any is: the place to write attempts down. */
  readonly beginning: (stepIds: readonly string[]) => Promise<void>;
  readonly onOutcome: (step: Step, outcome: Outcome) => void;
}

/** Acts at once at most; the drivers have their own limits below this. */
const AT_ONCE = 8;

/** Steps of the plan's front: nothing of the plan stands before them. */
export function readySteps(plan: Plan): readonly Step[] {
  return plan.steps.filter((step) => step.needs.length === 0);
}

/**
 * Runs the front of the plan and nothing else; what comes after is planned anew from what is then observed. A step that fails does not stop the others.
 * After `signal` aborts no step is begun any more; begun ones are short and end.
 */
export async function execute(plan: Plan, parts: ExecuteParts, signal: AbortSignal): Promise<readonly Outcome[]> {
  const steps = readySteps(plan);
  if (steps.length === 0 || signal.aborted) return [];
  await parts.beginning(steps.map((step) => step.id));
  const outcomes: Outcome[] = [];
  const queue = [...steps];
  const worker = async (): Promise<void> => {
    for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
      if (signal.aborted) return;
      outcomes.push(await runStep(step, parts));
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, steps.length) }, worker));
  return outcomes.sort((a, b) => (a.step < b.step ? -1 : 1));
}

async function runStep(step: Step, parts: ExecuteParts): Promise<Outcome> {
  parts.onOutcome(step, { step: step.id, state: 'started', atMs: parts.clock.now() });
  const outcome = await outcomeOf(step, parts);
  parts.onOutcome(step, outcome);
  return outcome;
}

async function outcomeOf(step: Step, parts: ExecuteParts): Promise<Outcome> {
  const begunAtMs = parts.clock.now();
  const ended = () => ({ step: step.id, atMs: parts.clock.now(), tookMs: Math.max(0, parts.clock.now() - begunAtMs) });
  try {
    await perform(parts.acts, step.action);
    parts.log.info({ step: step.id, title: step.title }, 'step done');
    return { ...ended(), state: 'done' };
  } catch (thrown) {
    const error = toKreError(thrown);
    parts.log.warn({ step: step.id, title: step.title, code: error.code, error: error.message }, 'step failed');
    return { ...ended(), state: 'failed', code: error.code, message: error.message, hint: error.hint };
  }
}

function perform<K extends ActionKind>(acts: Acts, action: Extract<Action, { kind: K }>): Promise<void> {
  const act = acts[action.kind] as unknown as Act<K>;
  return act(action);
}
