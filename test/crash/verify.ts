import { isDeepStrictEqual } from 'node:util';
import type { Engine } from '../reconcile/rollout.ts';
import { type Run, run } from './run.ts';
import { type Scenario, scenarioOf } from './scenario.ts';

/** A history that did not end as it should. */
export interface Failure {
  readonly seed: number;
  readonly scenario: Scenario;
  /** The invariant that was violated, or where two ends differ. */
  readonly what: string;
  readonly timeline: readonly string[];
}

export interface Verdict {
  readonly failure: Failure | null;
  readonly crashes: number;
}

/** Lives through the history of a seed with and without ends of the agent; `engine` is a deliberate fault, which only the former run has. */
export async function verifySeed(seed: number, engine?: Engine): Promise<Verdict> {
  const scenario = scenarioOf(seed);
  try {
    return await verify(seed, scenario, engine);
  } catch (thrown) {
    return { failure: { seed, scenario, what: `nothing is thrown: ${String(thrown)}`, timeline: [] }, crashes: 0 };
  }
}

export async function verify(seed: number, scenario: Scenario, engine?: Engine): Promise<Verdict> {
  const failed = (what: string, { timeline, crashes }: Run): Verdict => ({
    failure: { seed, scenario, what, timeline },
    crashes,
  });
  const crashed = await run(scenario, engine ?? {});
  if (crashed.violation !== null) return failed(crashed.violation, crashed);
  const expected = await undisturbed(scenario);
  if (expected.violation !== null) return failed(`without any end of the agent: ${expected.violation}`, expected);
  const difference = differenceOf('', crashed.outcome, expected.outcome);
  return difference === null
    ? { failure: null, crashes: crashed.crashes }
    : failed(`the same end as without any end of the agent: ${difference}`, crashed);
}

let latest: { readonly history: string; readonly run: Run } | null = null;

/** The run without any end of the agent, kept for the seeds that share its history. */
async function undisturbed({ crashes: _, ...history }: Scenario): Promise<Run> {
  const key = JSON.stringify(history);
  if (latest?.history !== key) latest = { history: key, run: await run({ ...history, crashes: [] }, {}) };
  return latest.run;
}

/** The first seed in which a deliberate fault shows; `null`: in none of them. */
export async function findMutation(engine: Engine, from: number, count: number): Promise<Failure | null> {
  for (let seed = from; seed < from + count; seed += 1) {
    const { failure } = await verifySeed(seed, engine);
    if (failure) return failure;
  }
  return null;
}

/** The first place in which two values differ. */
function differenceOf(path: string, found: unknown, expected: unknown): string | null {
  if (isDeepStrictEqual(found, expected)) return null;
  if (isBranch(found) && isBranch(expected)) {
    for (const key of new Set([...Object.keys(found), ...Object.keys(expected)])) {
      const difference = differenceOf(`${path}/${key}`, found[key], expected[key]);
      if (difference !== null) return difference;
    }
  }
  return `${path} is ${JSON.stringify(found)} and would be ${JSON.stringify(expected)}`;
}

function isBranch(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
