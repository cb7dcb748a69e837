import { createHash } from 'node:crypto';
import type { GuestOperation, GuestStatus } from '../../model/guest-status.ts';
import type { GuestVerb } from '../../model/plan.ts';
import { backoffUntilMs } from './backoff.ts';
import type { Draft } from './draft.ts';
import { attemptOf, type Facts, freshGuest, operationsOf, retriedAtMs } from './facts.ts';

/** Failed attempts of a disruptive operation after which a person has to look; anything else is tried for ever, ever more slowly. */
export const MOST_DISRUPTIVE_ATTEMPTS = 3;
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
  /** Part of the ids: two operations of one verb and node may stand in one plan. Empty, or ends with `/`. */
  readonly scope?: string;
  readonly title: string;
  readonly reason: string;
  readonly condition: string;
  readonly input?: Readonly<Record<string, string>>;
  readonly needs: readonly string[];
  readonly timeoutMs: number;
  readonly disruptive?: boolean;
  /** First boot starts it by itself: nothing is started while that may still come. */
  readonly startsByItself?: boolean;
  /** Least number of the next attempt; default 1. */
  readonly leastAttempt?: number;
}

/** Whether something that keeps a machine busy is about to begin: what can wait is not begun beside it. */
export function isOccupied({ steps }: Draft): boolean {
  return steps.some((step) => step.needs.length === 0 && (step.disruptive || step.action.kind === 'guest-operation'));
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
  const id = `machine/${name}/${init.scope ?? ''}${init.verb}`;
  const guest = freshGuest(facts, init.machine);
  const prefix = init.verb === 'bootstrap' ? 'bootstrap-' : operationPrefix(init.verb, init.subject);
  const all = operationsOf(guest, prefix);
  const past = init.verb === 'upgrade' ? sinceRollback(guest, all) : all;
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
  const start = (needs: readonly string[], why: string) =>
    wait(startStep(draft, { ...init, needs }, id, `${prefix}${nextAttempt(all, init.leastAttempt)}`, why), '');
  if (last?.state === 'running') return wait([], last.message);
  if (!guest || init.needs.length > 0) return init.startsByItself ? wait(init.needs, '') : start(init.needs, '');
  if (isUnseen(facts, id, init.machine)) return wait([], 'begun, and not read since');
  if (init.startsByItself && !last && (guest.cloudInit === 'running' || guest.cloudInit === 'not-run'))
    return wait([], `cloud-init: ${guest.cloudInit}`);
  if (!last) return start([], '');
  if (init.disruptive && past.length >= MOST_DISRUPTIVE_ATTEMPTS && !isRetried(facts, draft, id)) {
    draft.block({
      guard: 'OperationFailed',
      about: init.verb,
      reason: `${init.verb} of ${name} was tried ${past.length} times, last: ${last.message}`,
      wayOut: `Look into /var/lib/kreconcile-guest/operations/${last.id}/log in the guest; a commit of another version, or kreconcile retry, tries again.`,
    });
    return null;
  }
  return start(pauseAfter(facts, draft, id, init.title, past), ` (${fateOf(last, init.leastAttempt !== undefined)})`);
}

/** Whether a person asked for another try since the last one. */
export function isRetried(facts: Facts, { object }: Draft, id: string): boolean {
  return object !== null && retriedAtMs(facts, object) > (facts.ledger.attempts[id]?.lastAtMs ?? 0);
}

/** Attempts to upgrade to a version, in their order. What was taken back is over: a person who says `retry` begins anew. */
export function upgradesTo(guest: GuestStatus | null, version: string): readonly GuestOperation[] {
  return sinceRollback(guest, operationsOf(guest, operationPrefix('upgrade', version)));
}

function sinceRollback(guest: GuestStatus | null, past: readonly GuestOperation[]): readonly GuestOperation[] {
  const all = guest?.operations ?? [];
  const rollback = all.findLastIndex(({ verb, state }) => verb === 'rollback' && state === 'succeeded');
  return past.filter((operation) => all.findIndex(({ id }) => id === operation.id) > rollback);
}

/** A guest that was read before the operation was begun cannot know of it: begun once more, a backup of the next minute would be a second one. */
function isUnseen({ ledger, guests }: Facts, id: string, machine: string): boolean {
  const begun = ledger.attempts[id];
  const reading = guests[machine];
  return begun !== undefined && begun.error === null && reading?.known === true && reading.atMs < begun.lastAtMs;
}

/**
 * A wait before the next attempt, none if the last is long enough ago. Times are the host's: when the attempt was begun; only how long it took is by
 * the guest's clock, if that can be. One that succeeded and left everything as it was is not repeated at once either.
 */
export function pauseAfter(
  facts: Facts,
  draft: Draft,
  id: string,
  title: string,
  past: readonly GuestOperation[],
): readonly string[] {
  const last = past.at(-1);
  const begun = facts.ledger.attempts[id];
  if (!last || last.state === 'running' || (last.state === 'succeeded' && !begun)) return [];
  if (begun && isRetried(facts, draft, id)) return [];
  const failures = past.filter((operation) => operation.state === 'failed').length;
  const tookMs = Math.max(0, (last.endedAtMs ?? last.startedAtMs) - last.startedAtMs);
  const canBe = begun !== undefined && begun.lastAtMs + tookMs <= facts.nowMs;
  const endedAtMs = begun ? begun.lastAtMs + (canBe ? tookMs : 0) : (facts.ledger.since[`${id}/pause`] ?? facts.nowMs);
  const tries = Math.max(last.state === 'failed' ? failures : 1, begun?.count ?? 0);
  const untilMs = backoffUntilMs(tries + PAUSE_HEAD_START, endedAtMs);
  if (untilMs <= facts.nowMs) return [];
  return draft.wait({
    id: `${id}/pause`,
    condition: `next attempt to ${title}`,
    detail: fateOf(last),
    pollMs: untilMs - facts.nowMs,
  });
}

/** `isDated`: what it tells or makes grows old, as a backup does. */
function fateOf({ state, message }: GuestOperation, isDated = false): string {
  if (state === 'failed') return `the last attempt failed: ${message}`;
  return isDated ? 'again: the last one is too old' : 'the last attempt ended well and is not enough';
}

/** Number of the attempt that would come next. */
export function nextAttempt(past: readonly GuestOperation[], least = 1): number {
  return Math.max(least, 1 + Math.max(0, ...past.map((operation) => attemptOf(operation.id))));
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
