import type { DesiredMachine } from '../../model/desired.ts';
import type { Mark, PreviousRoot } from '../../model/mark.ts';
import type { Domain } from '../../model/observed.ts';
import type { Draft } from './draft.ts';
import type { Facts } from './facts.ts';
import { fallbackOf, nextMark } from './mark.ts';
import { planPowerOff } from './power.ts';
import { condemnation, planQuarantine, presentDigest } from './quarantine.ts';
import { isOff } from './recreate.ts';

/** The root disk that has to return, and why; `null`: the present one stays. */
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
  const reason = condemned?.reason ?? failure;
  return fallback && reason !== null ? { fallback, reason, isDecided: condemned !== null } : null;
}

/**
 * Puts the root disk that ran before back, with the state disk as it was when that one was left, and starts it. Undoing a change that we began needs
 * no guest that answers. Returns what must come before it runs again, `null` when it cannot be done now.
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
  if (isOff(domain) && domain.managedSave) {
    draft.block({
      guard: 'ManagedSave',
      reason: `root disk ${fallback.generation} of ${name} is to return, and libvirt has saved the memory of the one that failed`,
      wayOut: `virsh managedsave-remove ${name}`,
    });
    return null;
  }
  const why = `root disk ${mark.generation} failed: ${reason}`;
  const off = planPowerOff(facts, name, domain, machine.deadlines.shutdownMs, why, draft, decided);
  const restoresState = fallback.spec.stateDiskMiB !== null;
  const back = draft.step({
    id: `machine/${name}/go-back`,
    title: `put root disk ${fallback.generation} of ${name} back${restoresState ? ', with the state that it left' : ''}`,
    reason: `${why}${restoresState ? '; what was written since the shutdown before it is lost' : ''}`,
    needs: [...decided, ...off],
    destructive: true,
    action: { kind: 'go-back', machine: name, mark: returnedMark(facts, machine, mark, fallback), restoresState },
  });
  return draft.step({
    id: `machine/${name}/start`,
    title: `start ${name}`,
    reason: 'its root disk from before is back',
    needs: back,
    action: { kind: 'start', machine: name },
  });
}

/** The mark of a machine that is back on its root disk from before. */
export function returnedMark(facts: Facts, machine: DesiredMachine, mark: Mark, fallback: PreviousRoot): Mark {
  const { isSettling: _settled, ...next } = nextMark(facts, machine, mark, fallback.spec);
  return {
    ...next,
    generation: fallback.generation,
    provenAtMs: fallback.provenAtMs,
    previous: null,
    previousGeneration: null,
  };
}
