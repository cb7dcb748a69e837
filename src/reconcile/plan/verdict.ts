import type { Ledger } from '../../model/ledger.ts';
import type { GuardName, Plan, Wait } from '../../model/plan.ts';
import type { Verdict } from '../../model/report.ts';
import type { SourceStatus } from '../../model/status.ts';
import { isHeldBySuspension } from './suspend.ts';

/** Attempts at one thing that failed before it stops counting as being under way. It is tried on, ever more slowly. */
const PATIENCE = 4;

/** Guards that say that something failed, or failed and was taken back. */
const FAILURES: ReadonlySet<GuardName> = new Set(['OperationFailed', 'DeadlinePassed', 'Quarantined']);

/** Where things stand: whether to go on waiting, and if not, why not. Pure. */
export function verdictOf(source: SourceStatus, plan: Plan | null, ledger: Ledger): Verdict {
  if (source.problem) return source.problem.code.startsWith('Source') ? 'unreachable' : 'invalid';
  if (!plan) return 'working';
  const { steps, waits, blocks } = plan;
  if (steps.length === 0 && waits.length === 0 && blocks.length === 0) return 'converged';
  const front = waits.filter((wait) => wait.needs.length === 0);
  const moves = steps.some((step) => step.needs.length === 0) || front.some((wait) => isMoving(wait, plan, ledger));
  if (moves) return 'working';
  const hasFailed =
    front.some((wait) => isRetry(wait) || wait.overdue) || blocks.some((block) => FAILURES.has(block.guard));
  if (hasFailed) return 'failed';
  if (blocks.length > 0 && blocks.every((block) => block.guard === 'Suspended')) return 'suspended';
  return blocks.length > 0 ? 'blocked' : 'working';
}

function isMoving(wait: Wait, { blocks }: Plan, ledger: Ledger): boolean {
  if (wait.overdue || isHeldBySuspension(wait)) return false;
  const step = retriedStep(wait);
  if (step === null) return true;
  const isTold = blocks.some(({ guard, target }) => guard === 'OperationFailed' && target.name === wait.target.name);
  return !isTold && (ledger.attempts[step]?.count ?? 0) < PATIENCE;
}

function isRetry(wait: Wait): boolean {
  return retriedStep(wait) !== null;
}

/** The step whose next attempt a wait holds back; `null` for any other wait. */
function retriedStep(wait: Wait): string | null {
  return /^(.+)\/(?:backoff|pause)$/.exec(wait.id)?.[1] ?? null;
}
