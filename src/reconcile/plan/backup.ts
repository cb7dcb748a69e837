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

/** A backup that must stand before a control plane is disturbed. */
export interface BackupInit {
  readonly node: NodeInputs;
  /** Part of the ids: two disruptions of one node may stand in one plan. Empty, or ends with `/`. */
  readonly scope: string;
  /** What the node is disturbed for; another is another backup. */
  readonly subject: string;
  /** Version that runs. */
  readonly from: string;
  /** No drain is to come any more. */
  readonly isDrained: boolean;
}

/**
 * A verified backup of the datastore on the host before a control plane is disturbed: of this machine, of the very cluster and the version that run
 * on it, younger than `backup.maxAge`, and taken after the drain. `needs` is what comes before it.
 */
export function planBackup(facts: Facts, init: BackupInit, needs: readonly string[]): readonly string[] | null {
  const { node: inputs, isDrained } = init;
  const { cluster, machine, road } = inputs;
  if (machine.skips.skipped.includes('BackupFresh')) {
    isForbidden(road.draft, machine, staleObjection(inputs, 'none is asked for'));
    return needs;
  }
  if (isDrained && facts.records.backups.some((backup) => isOfUse(facts, init, backup))) return needs;
  if (isBackupTooSlow(facts, inputs)) return null;
  // The id names a file on this host: two clusters that go to one version must not share it.
  const subject = `${machine.name}/${init.subject}`;
  const past = operationsOf(freshGuest(facts, machine.name), operationPrefix('backup', subject));
  const last = past.at(-1);
  const isTaken =
    isDrained &&
    last?.state === 'succeeded' &&
    isYoung(facts, init, backupTakenAtMs(last.id)) &&
    !facts.records.backups.some((backup) => backup.id === last.id);
  const leastAttempt = Math.floor(facts.nowMs / MINUTE_MS);
  if (isTaken) return planCopy(facts, init, needs, last.id);
  const taken = planOperation(facts, road.draft, {
    machine: machine.name,
    scope: init.scope,
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
  return planCopy(facts, init, taken, last?.state === 'running' ? last.id : next);
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
  { node: inputs, scope, from }: BackupInit,
  needs: readonly string[],
  operation: string,
  why: BackupReason = 'disruption',
): readonly string[] {
  const { cluster, machine, road } = inputs;
  const id = `machine/${machine.name}/${scope}fetch-backup`;
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

/** Going back needs the backup in the guest, too: one that was made on the root disk before does not lie on this one. */
function liesInGuest(facts: Facts, { machine, road }: NodeInputs, backup: Backup): boolean {
  if ((road.mark?.previous ?? null) === null) return true;
  return (freshGuest(facts, machine.name)?.operations ?? []).some((operation) => operation.id === backup.id);
}

/** A cluster that was made anew under the same name is another: its identity says so. */
function isOfUse(facts: Facts, init: BackupInit, backup: Backup): boolean {
  const { cluster, machine } = init.node;
  const isOurs = backup.cluster === cluster.name && backup.machine === machine.name && backup.verified;
  const uid = freshGuest(facts, machine.name)?.kubernetes?.clusterUid ?? null;
  const isOfThisCluster = (backup.clusterUid ?? null) === uid;
  const isFit = isOurs && isOfThisCluster && backup.version === init.from;
  // One that was made for another disruption was made for its end: this one has to know what came after.
  const isOwn = backup.id.startsWith(operationPrefix('backup', `${machine.name}/${init.subject}`));
  if (backup.why === 'disruption' && !isOwn) return false;
  return isFit && isYoung(facts, init, backup.atMs) && liesInGuest(facts, init.node, backup);
}

/** A time of the future is of before the clock was set back; a drain that was begun later has moved what the backup does not know. */
function isYoung(facts: Facts, { node, scope }: BackupInit, takenAtMs: number): boolean {
  const { cluster, machine } = node;
  const drain = facts.ledger.attempts[`machine/${machine.name}/${scope}drain`];
  if (drain && takenAtMs + MINUTE_MS < drain.lastAtMs) return false;
  const ageMs = facts.nowMs - takenAtMs;
  return ageMs > -MINUTE_MS * 10 && ageMs <= cluster.backup.maxAgeMs + MINUTE_MS;
}

/** A cluster of the same name that was made anew has other data. Older backups do not tell whose they are. */
export function isOfCluster(backup: Backup, name: string, clusterUid: string | null): boolean {
  if (backup.cluster !== name) return false;
  return backup.clusterUid === undefined || clusterUid === null || backup.clusterUid === clusterUid;
}
