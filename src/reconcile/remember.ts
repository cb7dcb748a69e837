import type { Attempt, Ledger } from '../model/ledger.ts';
import type { Outcome, Plan, Wait } from '../model/plan.ts';

/** Attempts of steps that are not planned any more are forgotten after this time. */
const FORGET_AFTER_MS = 3_600_000;

/** Before the acts: which steps are begun now. Written to disk before any of them is. */
export function rememberBeginning(ledger: Ledger, plan: Plan, stepIds: readonly string[], nowMs: number): Ledger {
  const present = remember(ledger, plan, [], nowMs);
  const attempts = { ...present.attempts };
  for (const id of stepIds) attempts[id] = { count: (attempts[id]?.count ?? 0) + 1, lastAtMs: nowMs, error: null };
  return { ...present, attempts };
}

/** What to remember after a pass: since when each wait is waited for, what failed, and runs of healthy readings. Pure. */
export function remember(ledger: Ledger, plan: Plan, outcomes: readonly Outcome[], nowMs: number): Ledger {
  return {
    schema: 1,
    revision: plan.revision,
    attempts: attemptsAfter(ledger, plan, outcomes, nowMs),
    since: Object.fromEntries(
      plan.waits.filter(isActive).map((wait) => [wait.id, ledger.since[wait.id] ?? wait.sinceMs]),
    ),
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
  const kept = ledger.revision === plan.revision ? Object.entries(ledger.attempts) : [];
  const attempts = Object.fromEntries(
    kept.filter(([id, attempt]) => planned.has(id) || nowMs - attempt.lastAtMs < FORGET_AFTER_MS),
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

/** A reading that is not healthy ends the run; a machine that was not read keeps it. */
function healthyAfter(ledger: Ledger, plan: Plan): Ledger['healthy'] {
  const healthy = { ...ledger.healthy };
  for (const [machine, readAtMs] of Object.entries(plan.health)) {
    if (readAtMs === null) delete healthy[machine];
    else healthy[machine] = { firstAtMs: healthy[machine]?.firstAtMs ?? readAtMs, lastAtMs: readAtMs };
  }
  return healthy;
}
