import { createHash } from 'node:crypto';
import type { GuestOperation } from '../../model/guest-status.ts';
import type { GuestVerb } from '../../model/plan.ts';
import { backoffUntilMs } from './backoff.ts';
import type { Draft } from './draft.ts';
import { type Facts, freshGuest, operationsOf } from './facts.ts';

/** Failed attempts of a disruptive operation after which a person has to look; anything else is tried for ever, ever more slowly. */
const MOST_DISRUPTIVE_ATTEMPTS = 3;
/** An operation costs more than an act: the first pause is 12 s (750 ms doubled four times). */
const PAUSE_HEAD_START = 4;

/** An operation in a guest that should have happened. `done` is what is observed, not what the operation said. */
export interface OperationInit {
  /** The guest in which it runs. */
  readonly machine: string;
  readonly verb: GuestVerb;
  /** What it is about: with the verb it makes the operation's digest, so another subject is another operation. */
  readonly subject: string;
  /** Node it is about; default the guest's own. Part of the ids. */
  readonly node?: string;
  readonly title: string;
  readonly reason: string;
  readonly condition: string;
  readonly input?: Readonly<Record<string, string>>;
  readonly needs: readonly string[];
  readonly timeoutMs: number;
  readonly disruptive?: boolean;
  /** First boot starts it by itself: nothing is started while that may still come. */
  readonly startsByItself?: boolean;
}

/** First 8 hex digits that tell operations of one verb apart. */
export function operationPrefix(verb: GuestVerb, subject: string): string {
  return `${verb}-${createHash('sha256').update(`${verb}/${subject}`).digest('hex').slice(0, 8)}-`;
}

/**
 * Plans an operation that is not done yet: starts it unless it runs, and waits for its end. Returns what comes before its end, `null` when
 * it failed so often that a person has to look.
 */
export function planOperation(facts: Facts, draft: Draft, init: OperationInit): readonly string[] | null {
  const name = init.node ?? init.machine;
  const id = `machine/${name}/${init.verb}`;
  const guest = freshGuest(facts, init.machine);
  const prefix = init.verb === 'bootstrap' ? 'bootstrap-' : operationPrefix(init.verb, init.subject);
  const past = operationsOf(guest, prefix);
  const last = past.at(-1);
  const wait = (needs: readonly string[], detail: string) =>
    draft.wait({
      id: `${id}/done`,
      condition: init.condition,
      needs,
      detail,
      timeoutMs: init.timeoutMs,
      guest: init.machine,
    });
  if (last?.state === 'running') return wait([], last.message);
  if (!guest || init.needs.length > 0) {
    return init.startsByItself ? wait(init.needs, '') : wait(startStep(draft, init, id, `${prefix}1`, ''), '');
  }
  if (init.startsByItself && !last && (guest.cloudInit === 'running' || guest.cloudInit === 'not-run'))
    return wait([], `cloud-init: ${guest.cloudInit}`);
  if (!last || last.state === 'succeeded')
    return wait(startStep(draft, init, id, `${prefix}${nextAttempt(past)}`, ''), '');
  const failures = past.filter((operation) => operation.state === 'failed').length;
  if (init.disruptive && failures >= MOST_DISRUPTIVE_ATTEMPTS) {
    draft.block({
      guard: 'OperationFailed',
      about: init.verb,
      reason: `${init.verb} of ${name} failed ${failures} times, last: ${last.message}`,
      wayOut: `Look into /var/lib/kreconcile-guest/operations/${last.id}/log in the guest; a commit of another version tries again.`,
    });
    return null;
  }
  const paused = pauseAfter(facts, draft, id, init, last, failures);
  const again = { ...init, needs: paused };
  return wait(
    startStep(draft, again, id, `${prefix}${nextAttempt(past)}`, ` (the last attempt failed: ${last.message})`),
    '',
  );
}

/** Times are the host's: when the attempt was begun, and how long it took by the guest's clock. */
function pauseAfter(
  facts: Facts,
  draft: Draft,
  id: string,
  init: OperationInit,
  last: GuestOperation,
  failures: number,
): readonly string[] {
  const begun = facts.ledger.attempts[id];
  const tookMs = (last.endedAtMs ?? last.startedAtMs) - last.startedAtMs;
  const endedAtMs = begun ? begun.lastAtMs + tookMs : (facts.ledger.since[`${id}/pause`] ?? facts.nowMs);
  const untilMs = backoffUntilMs(Math.max(failures, begun?.count ?? 0) + PAUSE_HEAD_START, endedAtMs);
  if (untilMs <= facts.nowMs) return [];
  return draft.wait({
    id: `${id}/pause`,
    condition: `next attempt to ${init.title}`,
    detail: `the last attempt failed: ${last.message}`,
    pollMs: untilMs - facts.nowMs,
  });
}

/** Number of the attempt that would come next. */
export function nextAttempt(past: readonly { id: string }[]): number {
  return 1 + Math.max(0, ...past.map((operation) => Number(/-(\d+)$/.exec(operation.id)?.[1] ?? 0)));
}

function startStep(draft: Draft, init: OperationInit, id: string, operation: string, why: string): readonly string[] {
  return draft.step({
    id,
    title: init.title,
    reason: `${init.reason}${why}`,
    needs: init.needs,
    disruptive: init.disruptive ?? false,
    action: { kind: 'guest-operation', machine: init.machine, verb: init.verb, operation, input: init.input ?? {} },
  });
}
