import type { Backup, BackupReason } from '../../model/observed.ts';
import { isBackupTooSlow } from './backup-pace.ts';
import { attemptOf, type Facts, freshGuest, operationsOf } from './facts.ts';
import { isForbidden, type Objection } from './guard/objection.ts';
import type { NodeInputs } from './node.ts';
import { nextAttempt, operationPrefix, planOperation } from './operation.ts';

const MINUTE_MS = 60_000;

/**
 * When a backup was begun, at the latest a minute later: its attempt is the host's minute. So its age stands in its id, whatever the guest's clock
 * says, however long it lay in the guest, and though the ledger be lost.
 */
export function backupTakenAtMs(operation: string): number {
  return attemptOf(operation) * MINUTE_MS;
}

/**
 * A verified backup of the datastore on the host before a control plane is disturbed: of this machine, of the version that runs, younger than
 * `backup.maxAge`, and taken after the drain. `needs` is what comes before it; `isDrained` whether no drain is to come any more.
 */
export function planBackup(
  facts: Facts,
  inputs: NodeInputs,
  needs: readonly string[],
  from: string,
  isDrained: boolean,
): readonly string[] | null {
  const { cluster, machine, road } = inputs;
  if (machine.skips.skipped.includes('BackupFresh')) {
    isForbidden(road.draft, machine, staleObjection(inputs, 'none is asked for'));
    return needs;
  }
  if (isDrained && facts.records.backups.some((backup) => isOfUse(facts, inputs, backup, from))) return needs;
  if (isBackupTooSlow(facts, inputs)) return null;
  // The id names a file on this host: two clusters that go to one version must not share it.
  const subject = `${machine.name}/${cluster.version}`;
  const past = operationsOf(freshGuest(facts, machine.name), operationPrefix('backup', subject));
  const last = past.at(-1);
  const isTaken =
    isDrained &&
    last?.state === 'succeeded' &&
    isYoung(facts, inputs, backupTakenAtMs(last.id)) &&
    !facts.records.backups.some((backup) => backup.id === last.id);
  const leastAttempt = Math.floor(facts.nowMs / MINUTE_MS);
  if (isTaken) return planCopy(facts, inputs, needs, from, last.id);
  const taken = planOperation(facts, road.draft, {
    machine: machine.name,
    verb: 'backup',
    subject,
    needs,
    leastAttempt,
    timeoutMs: cluster.deadlines.upgradeMs,
    title: `back up ${cluster.name} (${cluster.recipe.backupName})`,
    reason: 'no disruption begins without a fresh verified backup',
    condition: `${cluster.recipe.backupName} of ${cluster.name} is made and opened`,
  });
  if (taken === null) return null;
  if (last?.state === 'failed') isForbidden(road.draft, machine, staleObjection(inputs, last.message));
  const next = `${operationPrefix('backup', subject)}${nextAttempt(past, leastAttempt)}`;
  return planCopy(facts, inputs, taken, from, last?.state === 'running' ? last.id : next);
}

/** Stands while a backup cannot be made; it is tried again all the while. */
function staleObjection({ cluster, machine }: NodeInputs, why: string): Objection {
  return {
    guard: 'BackupFresh',
    reason: `${machine.name} is not disturbed without a fresh verified ${cluster.recipe.backupName} of ${cluster.name}: ${why}`,
    wayOut: 'It is tried again by itself and goes on when one is made.',
  };
}

/** Brings a backup out of the guest; `needs` comes before it, and stays a need of what comes after. */
export function planCopy(
  facts: Facts,
  inputs: NodeInputs,
  needs: readonly string[],
  from: string,
  operation: string,
  why: BackupReason = 'disruption',
): readonly string[] {
  const { cluster, machine, road } = inputs;
  const id = `machine/${machine.name}/fetch-backup`;
  const copying = facts.inventory.operations.find((entry) => entry.id === `fetch-${operation}`);
  const wait = (after: readonly string[], detail: string) => [
    ...needs,
    ...road.draft.wait({
      id: `${id}/done`,
      condition: `the backup of ${cluster.name} is on this host and verified`,
      needs: after,
      detail,
      timeoutMs: cluster.deadlines.upgradeMs,
      pollMs: 1_000,
    }),
  ];
  if (copying?.state === 'running') return wait([], copying.message);
  const failure = copying?.state === 'failed' ? copying.message : null;
  if (failure !== null) isForbidden(road.draft, machine, staleObjection(inputs, failure));
  const paused = failure === null ? [] : road.draft.pause(id, 'copy the backup', copying?.endedAtMs ?? null, failure);
  const step = road.draft.step({
    id,
    title: `copy the backup of ${cluster.name} to this host`,
    needs: [...needs, ...paused],
    reason:
      failure === null ? 'a backup inside the machine that is disturbed is none' : `the last copy failed: ${failure}`,
    action: { kind: 'fetch-backup', cluster: cluster.name, machine: machine.name, operation, version: from, why },
  });
  return wait(step, '');
}

function isOfUse(facts: Facts, inputs: NodeInputs, backup: Backup, from: string): boolean {
  const { cluster, machine } = inputs;
  const isOurs = backup.cluster === cluster.name && backup.machine === machine.name && backup.verified;
  return isOurs && backup.version === from && isYoung(facts, inputs, backup.atMs);
}

/** A time of the future is of before the clock was set back; a drain that was begun later has moved what the backup does not know. */
function isYoung(facts: Facts, { cluster, machine }: NodeInputs, takenAtMs: number): boolean {
  const drain = facts.ledger.attempts[`machine/${machine.name}/drain`];
  if (drain && takenAtMs + MINUTE_MS < drain.lastAtMs) return false;
  const ageMs = facts.nowMs - takenAtMs;
  return ageMs > -MINUTE_MS * 10 && ageMs <= cluster.backup.maxAgeMs + MINUTE_MS;
}
