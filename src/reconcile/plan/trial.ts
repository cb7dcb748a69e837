import type { DesiredMachine } from '../../model/desired.ts';
import type { Mark } from '../../model/mark.ts';
import type { Domain } from '../../model/observed.ts';
import { durationText } from '../../model/time-text.ts';
import type { Draft } from './draft.ts';
import { attemptOf, clusterOf, type Facts, freshGuest, waitedMs } from './facts.ts';
import { isProven } from './health.ts';
import { fallbackOf } from './mark.ts';
import { stateDiskTrouble } from './state-disk.ts';

/** Attempts to bring Kubernetes up on a new root disk after which it has failed, whatever time is left. */
const MOST_BOOTSTRAPS = 3;

/** Time for a changed machine to prove itself: its boot, and what comes after its first answer. */
export function trialMs({ deadlines }: DesiredMachine): number {
  return deadlines.bootMs + deadlines.readyMs;
}

/** Says that a changed machine is on trial, for how long, and what comes of it if it fails. `needs` is what comes before its start. */
export function planTrial(machine: DesiredMachine, mark: Mark, needs: readonly string[], draft: Draft): void {
  const fallback = fallbackOf(mark);
  const before = mark.isSettling ? 'its definition from before' : `root disk ${fallback?.generation}`;
  const otherwise = fallback ? `; else ${before} returns` : '';
  draft.wait({
    id: trialId(machine.name),
    condition: `${machine.name} is proven ${mark.isSettling ? 'under its new definition' : `on root disk ${mark.generation}`}${otherwise}`,
    needs,
    timeoutMs: trialMs(machine),
  });
}

/**
 * Why a machine's present root disk or definition has failed; `null`: it is proven, or may still prove itself. What is silent past its deadline is known
 * to have failed.
 */
export function trialFailure(facts: Facts, machine: DesiredMachine, domain: Domain, mark: Mark): string | null {
  const isOnTrial = mark.provenAtMs === null || mark.isSettling === true;
  if (!isOnTrial || machine.powerState === 'Off') return null;
  const { name, deadlines } = machine;
  const guest = freshGuest(facts, name);
  if (guest && machine.stateDisk !== null) {
    const trouble = stateDiskTrouble(guest);
    if (trouble !== null) return `it ${trouble.what}`;
  }
  const isSilent = machine.needsGuestAgent && domain.state === 'running' && guest === null;
  if (isSilent && waitedMs(facts, `machine/${name}/guest`) > deadlines.bootMs)
    return `its guest did not answer within ${durationText(deadlines.bootMs)}`;
  const bootstraps = (guest?.operations ?? []).filter(
    ({ id, state }) => id.startsWith('bootstrap-') && state === 'failed',
  );
  const last = bootstraps.sort((a, b) => attemptOf(a.id) - attemptOf(b.id)).at(-1);
  if (last && bootstraps.length >= MOST_BOOTSTRAPS && guest?.kubernetes?.phase !== 'initialised')
    return `Kubernetes did not come up in ${bootstraps.length} attempts: ${last.message}`;
  const cluster = clusterOf(facts, machine);
  // Well, and only not noted so: what hinders that is no reason to lose what was written since.
  const isWell = cluster !== null && isProven(facts, cluster, name);
  if (waitedMs(facts, trialId(name)) > trialMs(machine) && !isWell)
    return `it was not proven within ${durationText(trialMs(machine))}`;
  return null;
}

function trialId(machine: string): string {
  return `machine/${machine}/trial`;
}
