import type { Attempt, Ledger } from '../model/ledger.ts';
import type { Outcome, Plan, Wait } from '../model/plan.ts';

/** Attempts of steps that are not planned any more are forgotten after this time. */
const FORGET_AFTER_MS = 3_600_000;
/** Healthy readings further apart than this are not one run: nobody looked in between. */
const LONGEST_GAP_MS = 60_000;

/** Before the acts: which steps are begun now. Written to disk before any of them is. */
export function rememberBeginning(ledger: Ledger, plan: Plan, stepIds: readonly string[], nowMs: number): Ledger {
  const present = remember(ledger, plan, [], nowMs);
  const attempts = { ...present.attempts };
  for (const id of stepIds) attempts[id] = { count: (attempts[id]?.count ?? 0) + 1, lastAtMs: nowMs, error: null };
  return { ...present, attempts };
}

/** As if steps that were noted as begun had not been: the agent had to stop before them. `before` is what was remembered without them. */
export function forgetBeginning(begun: Ledger, before: Ledger, stepIds: readonly string[]): Ledger {
  const attempts = { ...begun.attempts };
  for (const id of stepIds) {
    const earlier = before.attempts[id];
    if (earlier === undefined) delete attempts[id];
    else attempts[id] = earlier;
  }
  return { ...begun, attempts };
}

/** What to remember after a pass: since when each wait is waited for, what failed, and runs of healthy readings. Pure. */
export function remember(ledger: Ledger, plan: Plan, outcomes: readonly Outcome[], nowMs: number): Ledger {
  // Of a host that was not seen nothing is known: neither what has come to its end nor what is still waited for.
  if (plan.blocks.some((block) => block.guard === 'HypervisorUnreachable')) return ledger;
  return {
    schema: 1,
    revision: plan.revision,
    lookedAtMs: nowMs,
    attempts: attemptsAfter(ledger, plan, outcomes, nowMs),
    since: Object.fromEntries(plan.waits.filter(isActive).map((wait) => [wait.id, wait.sinceMs])),
    healthy: healthyAfter(ledger, plan),
  };
}

function isActive(wait: Wait): boolean {
  return wait.needs.length === 0;
}

function attemptsAfter(
  ledger: Ledger,
  plan: Plan,
  outcomes: readonly Outcome[],
  nowMs: number,
): Record<string, Attempt> {
  const planned = new Set(plan.steps.map((step) => step.id));
  const busy = new Set([...planned, ...plan.waits.map((wait) => wait.id)].map(ownerOf));
  const kept = ledger.revision === plan.revision ? Object.entries(ledger.attempts) : [];
  const attempts = Object.fromEntries(
    kept.filter(
      ([id, attempt]) =>
        planned.has(id) || ((busy.has(ownerOf(id)) || isCorrection(id)) && nowMs - attempt.lastAtMs < FORGET_AFTER_MS),
    ),
  );
  for (const outcome of outcomes) {
    const attempt = attempts[outcome.step] ?? { count: 1, lastAtMs: outcome.atMs, error: null };
    if (outcome.state === 'failed') {
      attempts[outcome.step] = {
        ...attempt,
        error: { code: outcome.code, message: outcome.message, hint: outcome.hint },
      };
    } else if (outcome.state === 'done') {
      attempts[outcome.step] = { ...attempt, error: null };
    }
  }
  return attempts;
}

/**
 * `machine/dev-cp-1` of `machine/dev-cp-1/start`. When nothing is done or waited for there any more, what was tried is over: a shutdown that was
 * followed last week must not make the next one look ignored.
 */
function ownerOf(id: string): string {
  return id.split('/', 2).join('/');
}

/** What was taken back and is changed again is taken back ever more slowly: two who fight do not wear out the host. */
function isCorrection(id: string): boolean {
  return /\/(?:autostart|drift|drift-live)$/.test(id);
}

/** A reading that is not healthy ends the run; a machine that was not read keeps it. */
function healthyAfter(ledger: Ledger, plan: Plan): Ledger['healthy'] {
  const healthy = { ...ledger.healthy };
  for (const [machine, readAtMs] of Object.entries(plan.health)) {
    if (readAtMs === null) delete healthy[machine];
    else healthy[machine] = { firstAtMs: firstOf(healthy[machine], readAtMs), lastAtMs: readAtMs };
  }
  return healthy;
}

function firstOf(run: Ledger['healthy'][string] | undefined, readAtMs: number): number {
  const goesOn = run !== undefined && readAtMs >= run.lastAtMs && readAtMs - run.lastAtMs <= LONGEST_GAP_MS;
  return goesOn ? run.firstAtMs : readAtMs;
}
