import type { DesiredMachine } from '../../model/desired.ts';
import type { Mark, PreviousRoot } from '../../model/mark.ts';
import type { Domain } from '../../model/observed.ts';
import type { FieldChange } from '../../model/plan.ts';
import { changedFields } from './change.ts';
import type { Draft } from './draft.ts';
import { type Facts, freshGuest } from './facts.ts';
import { fallbackOf, nextMark, settledMark } from './mark.ts';
import { isShared } from './members.ts';
import { planCut, planPowerOff } from './power.ts';
import { condemnation, planQuarantine, presentDigest } from './quarantine.ts';
import { isOff } from './recreate.ts';

/** The root disk or definition that has to return, and why; `null`: the present one stays. */
export interface Return {
  readonly fallback: PreviousRoot;
  readonly reason: string;
  /** The decision stands in the mark. */
  readonly isDecided: boolean;
}

/** Judges whether a machine goes back: it was decided, or its trial has failed and there is something to go back to. */
export function returnOf(mark: Mark, failure: string | null): Return | null {
  const fallback = fallbackOf(mark);
  const condemned = condemnation(mark);
  const reason = condemned?.reason ?? (failure === null ? null : `${failure}${definitionText(mark)}`);
  return fallback && reason !== null ? { fallback, reason, isDecided: condemned !== null } : null;
}

/** What the definition on trial changed, for people; empty with a new root disk. */
function definitionText({ formerSpec, spec }: Mark): string {
  if (!formerSpec) return '';
  const text = ({ path, from, to }: FieldChange) =>
    typeof to === 'object' ? path : `${path} ${String(from)} to ${String(to)}`;
  return ` (${changedFields(formerSpec, spec).map(text).join(', ')})`;
}

/**
 * Puts the root disk that ran before back, with the state disk as it was when that one was left, and starts it. Where only the definition was changed, that
 * one returns and all disks stay; the state disk of a member of several stays too. Undoing a change that we began needs no guest that answers. Returns what
 * must come before it runs again, `null` when it cannot be done now.
 */
export function planGoBack(
  facts: Facts,
  machine: DesiredMachine,
  domain: Domain,
  mark: Mark,
  { fallback, reason, isDecided }: Return,
  draft: Draft,
): readonly string[] | null {
  const { name } = machine;
  const decided = isDecided ? [] : planQuarantine(facts, machine, mark, presentDigest(mark) ?? '', reason, draft);
  const former = mark.isSettling
    ? `the definition of ${name} from before`
    : `root disk ${fallback.generation} of ${name}`;
  if (isOff(domain) && domain.managedSave) {
    draft.block({
      guard: 'ManagedSave',
      reason: `${former} is to return, and libvirt has saved the memory of what failed`,
      wayOut: `virsh managedsave-remove ${name}`,
    });
    return null;
  }
  const why = mark.isSettling
    ? `its new definition failed: ${reason}`
    : `root disk ${mark.generation} failed: ${reason}`;
  const shared = isShared(facts, machine);
  const off =
    !shared && isDeaf(facts, name, domain, mark)
      ? planCut(name, `${why}; nothing hears a shutdown there, and nothing that it wrote is kept`, decided, draft)
      : planPowerOff(facts, name, domain, machine.deadlines.shutdownMs, why, draft, decided);
  // A member's log may never be shorter than the others remember it.
  const restoresState = !mark.isSettling && fallback.spec.stateDiskMiB !== null && !shared;
  const back = draft.step({
    id: `machine/${name}/go-back`,
    title: `put ${former} back${restoresState ? ', with the state that it left' : ''}`,
    reason: `${why}${restoresState ? '; what was written since the shutdown before it is lost' : ''}`,
    needs: [...decided, ...off],
    destructive: !mark.isSettling,
    action: { kind: 'go-back', machine: name, mark: returnedMark(facts, machine, mark, fallback), restoresState },
  });
  return draft.step({
    id: `machine/${name}/start`,
    title: `start ${name}`,
    reason: `its ${mark.isSettling ? 'definition' : 'root disk'} from before is back`,
    needs: back,
    action: { kind: 'start', machine: name },
  });
}

/** A condemned root disk on which nothing listens is not asked to shut down: its state goes back to the copy, and it is removed itself. */
function isDeaf(facts: Facts, name: string, domain: Domain, mark: Mark): boolean {
  const isListening = domain.agent === 'connected' || freshGuest(facts, name) !== null;
  return domain.state === 'running' && !mark.isSettling && !isListening;
}

/** The mark of a machine that is back on its root disk, or under its definition, from before. */
export function returnedMark(facts: Facts, machine: DesiredMachine, mark: Mark, fallback: PreviousRoot): Mark {
  const next = settledMark(nextMark(facts, machine, mark, fallback.spec));
  if (mark.isSettling) return next;
  return {
    ...next,
    generation: fallback.generation,
    provenAtMs: fallback.provenAtMs,
    previous: null,
    previousGeneration: null,
  };
}
