import type { GuestStatus } from '../../model/guest-status.ts';
import type { Backup, BackupReason, BackupRequest } from '../../model/observed.ts';
import { backupTakenAtMs, isOfCluster, planCopy } from './backup.ts';
import { type Facts, freshGuest, operationsOf } from './facts.ts';
import { nodeOf } from './health.ts';
import { isOccupied, nextAttempt, operationPrefix, planOperation } from './operation.ts';
import { isUpgradeBegun } from './upgrade.ts';
import type { NodePlan } from './window.ts';

const MINUTE_MS = 60_000;

/** A backup that should have been taken. `subject` goes into the operation's id. */
interface Due {
  readonly why: BackupReason;
  readonly reason: string;
  readonly subject: string;
  /** Whether a backup that was taken with this operation at this time (ms, the minute) will do. */
  readonly isMet: (operation: string, atMs: number) => boolean;
}

/**
 * Takes the backup of a cluster that its schedule or a person asks for. It disturbs nobody, so it needs no window; it waits while its control plane is
 * being changed, and while a backup before a disruption, which serves as well, is on its way.
 */
export function planDueBackup(facts: Facts, node: NodePlan): void {
  const { cluster, machine, road } = node;
  const guest = freshGuest(facts, machine.name);
  const due = dueBackup(facts, node, guest);
  if (due === null) return;
  if (guest?.kubernetes?.apiReady !== true || !isAtRest(facts, node)) {
    road.draft.note(
      `a backup of ${cluster.name} is due (${due.reason}); it is taken when its control plane is at rest`,
    );
    return;
  }
  const prefix = operationPrefix('backup', due.subject);
  const id = `machine/${machine.name}/backup`;
  const isPlanned = [...road.draft.steps, ...road.draft.waits].some((entry) => entry.id.startsWith(id));
  const isBusy = guest.operations.some(({ state, id: running }) => state === 'running' && !running.startsWith(prefix));
  if (isPlanned || isBusy || isOccupied(road.draft)) return;
  planTaking(facts, node, guest, due);
}

function planTaking(facts: Facts, node: NodePlan, guest: GuestStatus, due: Due): void {
  const { cluster, machine, road } = node;
  const version = nodeOf(facts, cluster, machine.name)?.version ?? guest.kubernetes?.version ?? cluster.version;
  const init = { node, scope: '', subject: due.subject, from: version, isDrained: true };
  const past = operationsOf(guest, operationPrefix('backup', due.subject));
  const last = past.at(-1);
  const isHere = facts.records.backups.some((backup) => backup.id === last?.id);
  if (last?.state === 'succeeded' && !isHere && due.isMet(last.id, backupTakenAtMs(last.id))) {
    planCopy(facts, init, [], last.id, due.why);
    return;
  }
  const leastAttempt = Math.floor(facts.nowMs / MINUTE_MS);
  const taken = planOperation(facts, road.draft, {
    machine: machine.name,
    verb: 'backup',
    subject: due.subject,
    needs: [],
    leastAttempt,
    timeoutMs: cluster.deadlines.upgradeMs,
    title: `back up ${cluster.name} (${cluster.recipe.backupName})`,
    reason: due.reason,
    condition: `${cluster.recipe.backupName} of ${cluster.name} is made and opened`,
  });
  if (taken === null) return;
  const next = `${operationPrefix('backup', due.subject)}${nextAttempt(past, leastAttempt)}`;
  planCopy(facts, init, taken, last?.state === 'running' ? last.id : next, due.why);
}

/** Proven, not cordoned by us, and in the middle of nothing: the backup that an unfinished change may need is not followed by one of its outcome. */
function isAtRest(facts: Facts, { need, road, cluster, machine }: NodePlan): boolean {
  if (road.mark === null || road.mark.provenAtMs === null || road.phase !== 'steady') return false;
  if (isUpgradeBegun(need) || need.kind === 'unknown') return false;
  const isNoted = need.kind !== 'none' || road.mark.spec.kubernetes?.version === cluster.version;
  return isNoted && nodeOf(facts, cluster, machine.name)?.cordonedByUs !== true;
}

/** What is asked for and not met by any backup that is here; a person's wish comes first, and meets the schedule as well. */
function dueBackup(facts: Facts, { cluster, machine }: NodePlan, guest: GuestStatus | null): Due | null {
  const clusterUid = guest?.kubernetes?.clusterUid ?? null;
  const own = facts.records.backups.filter(
    (backup) => backup.verified && isOfCluster(backup, cluster.name, clusterUid),
  );
  const isOpen = (due: Due) => !own.some((backup) => due.isMet(backup.id, backup.atMs));
  const request = facts.records.backupRequests?.find((entry) => entry.cluster === cluster.name);
  const isAnswer = (operation: string, atMs: number) =>
    request !== undefined &&
    meetsRequest({ id: operation, cluster: cluster.name, machine: machine.name, atMs }, request);
  const lastDueMs = facts.calendar?.backups[cluster.name]?.lastDueMs ?? null;
  const asked: Due = {
    why: 'request',
    reason: 'somebody asked for a backup',
    subject: requestSubject(machine.name, request?.atMs ?? 0),
    isMet: isAnswer,
  };
  if (request && isOpen(asked)) return asked;
  const scheduled: Due = {
    why: 'schedule',
    reason: `its schedule asks for one (${cluster.backup.schedule ?? ''})`,
    subject: `${machine.name}/schedule`,
    isMet: (_, atMs) => atMs >= minuteOf(lastDueMs ?? 0),
  };
  return lastDueMs !== null && cluster.backup.schedule !== null && isOpen(scheduled) ? scheduled : null;
}

/**
 * Whether a backup is not older than the wish for one. Times of backups are minutes: of the minute in which it was asked for, only the one that was taken
 * for it will do.
 */
export function meetsRequest(
  backup: Pick<Backup, 'id' | 'cluster' | 'machine' | 'atMs'>,
  request: BackupRequest,
): boolean {
  if (backup.cluster !== request.cluster) return false;
  const own = operationPrefix('backup', requestSubject(backup.machine, request.atMs));
  return backup.id.startsWith(own) || backup.atMs > minuteOf(request.atMs);
}

function requestSubject(machine: string, atMs: number): string {
  return `${machine}/request/${atMs}`;
}

function minuteOf(atMs: number): number {
  return Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
}
