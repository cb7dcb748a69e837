import type { ObjectRef } from '../../model/mark.ts';
import type { Action, Block, FieldChange, GuardName, Note, Step, Target, Wait } from '../../model/plan.ts';
import { backoffUntilMs } from './backoff.ts';
import { type Facts, waitedMs } from './facts.ts';
import { suspensionOf } from './suspend.ts';

/** What a planner says of a step; the rest has a default. */
export interface StepInit {
  readonly id: string;
  readonly title: string;
  readonly reason: string;
  readonly action: Action;
  readonly needs?: readonly string[];
  readonly changes?: readonly FieldChange[];
  readonly destructive?: boolean;
  readonly disruptive?: boolean;
  readonly unknown?: readonly string[];
}

export interface WaitInit {
  readonly id: string;
  readonly condition: string;
  readonly detail?: string;
  readonly timeoutMs?: number | null;
  readonly needs?: readonly string[];
  readonly pollMs?: number;
  readonly guest?: string;
  /** Since when, where that is not what the ledger says. */
  readonly sinceMs?: number;
}

export interface BlockInit {
  readonly guard: GuardName;
  readonly reason: string;
  readonly wayOut: string;
  readonly changes?: readonly FieldChange[];
  /** Tells two blocks of one guard on one target apart. */
  readonly about?: string;
}

const DEFAULT_POLL_MS = 5_000;

/** The part of a plan that is about one target. Planners add to it and hand the ids of what they added to what must come after. */
export interface Draft {
  readonly target: Target;
  /** The object that the target belongs to, also where the manifests do not name the target any more. */
  readonly object: ObjectRef | null;
  readonly steps: Step[];
  readonly waits: Wait[];
  readonly blocks: Block[];
  readonly notes: Note[];
  /** Times at which something falls due that no wait stands for. */
  readonly due: number[];
  /** Adds a step, and before it a wait where the last attempt failed a moment ago. Returns its id as needs. */
  step(init: StepInit): readonly string[];
  wait(init: WaitInit): readonly string[];
  /** A wait before the next attempt at a step whose host operation failed at `endedAtMs`; none if that is long enough ago. */
  pause(step: string, title: string, endedAtMs: number | null, message: string): readonly string[];
  block(init: BlockInit): void;
  note(text: string): void;
  /** Looks again at that time although nothing is waited for. */
  lookAgain(atMs: number): void;
}

export function draftFor(facts: Facts, target: Target, object: ObjectRef | null): Draft {
  const draft: Draft = {
    target,
    object,
    steps: [],
    waits: [],
    blocks: [],
    notes: [],
    due: [],
    step(init) {
      const held = holdBack(facts, draft, object, init);
      draft.steps.push({
        id: init.id,
        target,
        object,
        title: init.title,
        reason: init.reason,
        changes: init.changes ?? [],
        needs: [...(init.needs ?? []), ...held],
        destructive: init.destructive ?? false,
        disruptive: init.disruptive ?? false,
        unknown: init.unknown ?? [],
        action: init.action,
      });
      return [init.id];
    },
    wait(init) {
      draft.waits.push(newWait(facts, target, object, init));
      return [init.id];
    },
    pause(step, title, endedAtMs, message) {
      const attempt = facts.ledger.attempts[step];
      const untilMs = attempt ? backoffUntilMs(attempt.count, endedAtMs ?? attempt.lastAtMs) : 0;
      if (untilMs <= facts.nowMs) return [];
      return draft.wait({
        id: `${step}/pause`,
        condition: `next attempt to ${title}`,
        detail: message,
        pollMs: untilMs - facts.nowMs,
      });
    },
    block(init) {
      draft.blocks.push(newBlock(target, object, init));
    },
    note(text) {
      draft.notes.push({ target, text });
    },
    lookAgain(atMs) {
      draft.due.push(atMs);
    },
  };
  return draft;
}

function newBlock(
  target: Target,
  object: ObjectRef | null,
  { guard, reason, wayOut, changes, about }: BlockInit,
): Block {
  const id = `${target.kind.toLowerCase()}/${target.name}/block/${guard}${about === undefined ? '' : `/${about}`}`;
  return { id, target, object, guard, reason, wayOut, changes: changes ?? [] };
}

/** A wait begins to count when nothing stands before it any more. While nothing may be done about its target no deadline runs. */
function newWait(facts: Facts, target: Target, object: ObjectRef | null, init: WaitInit): Wait {
  const needs = init.needs ?? [];
  const timeoutMs = init.timeoutMs ?? null;
  const knownMs =
    timeoutMs === null
      ? (facts.ledger.since[init.id] ?? facts.nowMs)
      : facts.nowMs - waitedMs(facts, init.id, init.pollMs ?? DEFAULT_POLL_MS);
  const sinceMs =
    init.sinceMs ?? (timeoutMs !== null && suspensionOf(facts, { target, object }) ? facts.nowMs : knownMs);
  const untilMs = needs.length === 0 && timeoutMs !== null ? sinceMs + timeoutMs : null;
  return {
    id: init.id,
    target,
    object,
    condition: init.condition,
    sinceMs,
    timeoutMs,
    untilMs,
    overdue: untilMs !== null && facts.nowMs > untilMs,
    // What is seen now says nothing of a wait that begins later.
    detail: needs.length > 0 ? '' : (init.detail ?? ''),
    needs,
    pollMs: init.pollMs ?? DEFAULT_POLL_MS,
    guest: init.guest ?? null,
  };
}

function holdBack(facts: Facts, draft: Draft, object: ObjectRef | null, init: StepInit): readonly string[] {
  const attempt = facts.ledger.attempts[init.id];
  if (!attempt?.error) return [];
  const untilMs = backoffUntilMs(attempt.count, attempt.lastAtMs);
  if (untilMs <= facts.nowMs) return [];
  const id = `${init.id}/backoff`;
  draft.waits.push({
    id,
    target: draft.target,
    object,
    condition: `next attempt at "${init.title}"`,
    sinceMs: attempt.lastAtMs,
    timeoutMs: null,
    untilMs: null,
    overdue: false,
    needs: [],
    pollMs: untilMs - facts.nowMs,
    guest: null,
    detail: `attempt ${attempt.count} failed: ${attempt.error.message} (${attempt.error.code}). ${attempt.error.hint}`,
  });
  return [id];
}
