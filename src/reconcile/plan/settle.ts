import type { DesiredMachine } from '../../model/desired.ts';
import type { Mark } from '../../model/mark.ts';
import type { Draft } from './draft.ts';
import { type Facts, freshGuest } from './facts.ts';
import { nextMark, settledMark } from './mark.ts';

/**
 * Ends the first boot of a plain machine: when its guest has answered and cloud-init is through, the seed is replaced by one without secrets
 * and the mark says proven. Returns the steps that write the mark.
 */
export function planSettle(
  facts: Facts,
  machine: DesiredMachine,
  mark: Mark,
  up: readonly string[],
  markNeeds: readonly string[],
  draft: Draft,
): readonly string[] {
  if (mark.provenAtMs !== null && !mark.isSettling) return markNeeds;
  const booted = planFirstBoot(facts, machine, up, draft);
  return [...markNeeds, ...settleStep(facts, machine, mark, [...booted, ...markNeeds], draft)];
}

/** The step itself, for nodes too; `needs` is what proves the machine. */
export function settleStep(
  facts: Facts,
  machine: DesiredMachine,
  mark: Mark,
  needs: readonly string[],
  draft: Draft,
): readonly string[] {
  const next = settledMark(nextMark(facts, machine, mark, mark.spec));
  return draft.step({
    id: `machine/${machine.name}/settle`,
    title: `settle ${machine.name}`,
    needs,
    reason:
      mark.provenAtMs === null
        ? 'its first boot is through: the seed is replaced by one without secrets, and the mark says proven'
        : 'it is well under its new definition, and the mark says so',
    action: {
      kind: 'settle',
      machine: machine.name,
      mark: { ...next, provenAtMs: mark.provenAtMs ?? facts.nowMs },
    },
  });
}

function planFirstBoot(facts: Facts, machine: DesiredMachine, up: readonly string[], draft: Draft): readonly string[] {
  const id = `machine/${machine.name}/first-boot`;
  if (!machine.needsGuestAgent) {
    const sinceMs = facts.ledger.since[id];
    const isTried = facts.ledger.attempts[`machine/${machine.name}/settle`] !== undefined;
    const isOver = sinceMs !== undefined && facts.nowMs - sinceMs >= machine.deadlines.bootMs;
    if (up.length === 0 && (isTried || isOver)) return [];
    return draft.wait({
      id,
      condition: `${machine.name} has run for ${machine.deadlines.bootMs / 1000} s`,
      needs: up,
      detail: 'without a guest agent nothing tells that its first boot is through',
    });
  }
  const guest = freshGuest(facts, machine.name);
  if (up.length === 0 && guest && guest.cloudInit !== 'running' && guest.cloudInit !== 'not-run') {
    if (guest.cloudInit === 'error')
      draft.note(`cloud-init reports an error in ${machine.name}: see /var/log/cloud-init-output.log there`);
    return [];
  }
  return draft.wait({
    id,
    condition: `cloud-init of ${machine.name} is through`,
    needs: up,
    timeoutMs: machine.deadlines.readyMs,
    detail: guest ? `cloud-init: ${guest.cloudInit}` : '',
    guest: machine.name,
  });
}
