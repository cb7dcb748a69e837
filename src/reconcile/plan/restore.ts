import type { DesiredMachine } from '../../model/desired.ts';
import type { Mark } from '../../model/mark.ts';
import type { Backup, Domain, Restoration } from '../../model/observed.ts';
import { minuteText } from '../../model/time-text.ts';
import { adoptionOf } from './adopt.ts';
import type { Draft } from './draft.ts';
import { type Facts, freshGuest, isConfirmed, operationsOf } from './facts.ts';
import { isProven } from './health.ts';
import { planMakeRoom } from './make-room.ts';
import { joinsOthers } from './members.ts';
import { type NodeInputs, planBootstrap } from './node.ts';
import { operationPrefix, planOperation } from './operation.ts';

/** Host operation that brings a backup into a guest. */
export function uploadId(machine: string, backup: string): string {
  return `upload-${machine}-${backup}`;
}

/** The wish to have a machine's cluster back from a backup; `null` if there is none. */
export function restorationOf({ records }: Facts, machine: DesiredMachine): Restoration | null {
  const { kind, name } = machine.object;
  const own = records.restorations?.find((entry) => entry.machine === machine.name && entry.cluster === name);
  return kind === 'Cluster' ? (own ?? null) : null;
}

function backupOf({ records }: Facts, { backup, cluster }: Restoration): Backup | null {
  return records.backups.find((entry) => entry.id === backup && entry.cluster === cluster && entry.verified) ?? null;
}

/**
 * Whether a control plane that is not there may not simply be made anew; adds the block. Nothing is made for a restoration whose backup is gone; and
 * where a cluster was, and neither its machine nor its state disk is, a new one would be a blank one under the old name.
 */
export function isCreationHeld(facts: Facts, machine: DesiredMachine, draft: Draft): boolean {
  if (machine.spec.kubernetes?.role !== 'control-plane') return false;
  const restoration = restorationOf(facts, machine);
  if (restoration !== null) return isBackupGone(facts, restoration, draft);
  const { name } = machine.object;
  const { records } = facts;
  if (joinsOthers(facts, machine) || facts.folders.get(machine.name)?.hasStateDisk) return false;
  const key = `Cluster/${name}`;
  const isDeleted = records.deleted.some((entry) => entry.object === key);
  const latest = records.backups.filter((backup) => backup.cluster === name && backup.verified).at(-1);
  const wasThere = records.kubeconfigs.some((entry) => entry.cluster === name) || (latest !== undefined && !isDeleted);
  if (!wasThere) return false;
  if (isConfirmed(facts, machine.object, 'begin-anew')) return false;
  draft.block({
    guard: 'ClusterLost',
    reason: `${name} was there, and neither ${machine.name} nor its state disk is: a new one would be blank`,
    wayOut: `${latest ? `Bring it back: kreconcile restore ${name} ${latest.id}. ` : ''}To begin anew without its data: kreconcile confirm ${key}`,
  });
  return true;
}

function isBackupGone(facts: Facts, restoration: Restoration, draft: Draft): boolean {
  if (backupOf(facts, restoration) !== null) return false;
  draft.block({
    guard: 'Restore',
    reason: `backup ${restoration.backup}, from which ${restoration.cluster} is to be restored, is not on this host`,
    wayOut: `Put it back into backups/${restoration.cluster}/ of the state folder, or name another: kreconcile restore ${restoration.cluster} BACKUP`,
  });
  return true;
}

/** The mark of a control plane that is made for a backup: it first runs the version that the backup is of. */
export function restoredMark(facts: Facts, machine: DesiredMachine, mark: Mark): Mark {
  const restoration = restorationOf(facts, machine);
  const backup = restoration && backupOf(facts, restoration);
  if (!restoration || !backup || !mark.spec.kubernetes) return mark;
  const kubernetes = { ...mark.spec.kubernetes, version: backup.version };
  return {
    ...mark,
    spec: { ...mark.spec, kubernetes },
    restored: { backup: backup.id, atMs: restoration.atMs },
  };
}

/** The address that a machine had, as its backup or retained state disk tells; `null` if none is to be restored. */
export function restoredAddress(facts: Facts, machine: DesiredMachine): string | null {
  const restoration = restorationOf(facts, machine);
  return (restoration && backupOf(facts, restoration)?.address) ?? adoptionOf(facts, machine)?.address ?? null;
}

/** Whether a machine stands where a lost one is to come back. One that a person gave up is removed, its state disk set aside. */
export function planMakingRoom(
  facts: Facts,
  machine: DesiredMachine,
  domain: Domain,
  mark: Mark,
  draft: Draft,
): boolean {
  const restoration = restorationOf(facts, machine);
  if (restoration === null || mark.restored?.atMs === restoration.atMs) return false;
  const { cluster, backup, replace } = restoration;
  if (!replace) {
    draft.block({
      guard: 'Restore',
      reason: `${machine.name} is there, so ${cluster} is not restored from ${backup} over it`,
      wayOut: `To give its data up, with its state disk set aside: kreconcile restore ${cluster} ${backup} --replace`,
    });
    return false;
  }
  if (isBackupGone(facts, restoration, draft)) return true;
  planMakeRoom(facts, machine, domain, `somebody asked to restore ${cluster} from ${backup} in its place`, draft);
  return true;
}

/** Whether a control plane is to be left without a cluster by its first boot, because a backup is brought there. */
function isToBeRestored(facts: Facts, { machine, road }: NodeInputs): boolean {
  const restoration = restorationOf(facts, machine);
  return restoration !== null && road.mark?.restored?.atMs === restoration.atMs;
}

/** Until a node is installed, and a control plane has its cluster: a new one of its own, or the one of the backup that it was made for. */
export function planFirst(facts: Facts, inputs: NodeInputs, needs: readonly string[]): readonly string[] | null {
  if (!isToBeRestored(facts, inputs)) return planBootstrap(facts, inputs, needs);
  const operations = freshGuest(facts, inputs.machine.name)?.operations ?? [];
  const isUnderWay = operations.some(({ verb, state }) => verb === 'bootstrap' && state === 'running');
  // As far as a worker goes, and to its end: what it joins is in the backup.
  const installed = planBootstrap(facts, isUnderWay ? inputs : { ...inputs, role: 'worker' }, needs);
  return installed === null ? null : planRestore(facts, inputs, installed);
}

/** From an installed control plane to a member: the backup is brought into the guest, and certificates and datastore out of it. */
function planRestore(facts: Facts, inputs: NodeInputs, needs: readonly string[]): readonly string[] | null {
  const { cluster, machine, road } = inputs;
  const restoration = restorationOf(facts, machine);
  const backup = restoration && backupOf(facts, restoration);
  const guest = freshGuest(facts, machine.name);
  if (needs.length === 0 && guest?.kubernetes?.phase === 'initialised') return [];
  if (!restoration || !backup) {
    if (restoration) isBackupGone(facts, restoration, road.draft);
    return null;
  }
  const subject = `${backup.id}/${restoration.atMs}`;
  const last = operationsOf(guest, operationPrefix('restore', subject)).at(-1);
  const uploaded =
    last?.state === 'running' ? needs : planUpload(facts, inputs, backup, needs, last?.state === 'failed');
  return planOperation(facts, road.draft, {
    machine: machine.name,
    verb: 'restore',
    subject,
    needs: uploaded,
    input: { backup: backup.id, version: backup.version, sha256: backup.sha256 },
    timeoutMs: cluster.deadlines.upgradeMs,
    title: `restore ${cluster.name} from ${backup.id}`,
    reason: `somebody asked for it; what was written after ${minuteText(backup.atMs)} is lost`,
    condition: `${cluster.name} is restored on ${machine.name}`,
  });
}

/** Brings the backup in, unless it is; again where the guest could not use what was brought before. */
function planUpload(
  facts: Facts,
  { cluster, machine, road }: NodeInputs,
  backup: Backup,
  needs: readonly string[],
  hasFailed: boolean,
): readonly string[] {
  const id = `machine/${machine.name}/upload-backup`;
  const upload = facts.inventory.operations.find((entry) => entry.id === uploadId(machine.name, backup.id));
  const triedAtMs = facts.ledger.attempts[`machine/${machine.name}/restore`]?.lastAtMs ?? 0;
  const isUsedUp = hasFailed && (upload?.endedAtMs ?? 0) < triedAtMs;
  if (needs.length === 0 && upload?.state === 'succeeded' && !isUsedUp) return [];
  const wait = (after: readonly string[], detail: string) =>
    road.draft.wait({
      id: `${id}/done`,
      condition: `the backup of ${cluster.name} is in ${machine.name}`,
      needs: after,
      detail,
      timeoutMs: cluster.deadlines.upgradeMs,
      pollMs: 1_000,
    });
  if (upload?.state === 'running') return wait([], upload.message);
  const failure = upload?.state === 'failed' ? upload.message : null;
  const paused =
    failure === null ? [] : road.draft.pause(id, 'bring the backup in', upload?.endedAtMs ?? null, failure);
  const step = road.draft.step({
    id,
    title: `bring backup ${backup.id} into ${machine.name}`,
    needs: [...needs, ...paused],
    reason: failure === null ? 'the cluster is restored from it' : `the last try failed: ${failure}`,
    action: { kind: 'upload-backup', cluster: cluster.name, machine: machine.name, backup: backup.id },
  });
  return wait(step, '');
}

/**
 * The cluster is back: the wish is struck off, so that it brings nothing back another time. `end` is what comes before its control plane's end; one that
 * does not get to the wanted version is back at the version of the backup.
 */
export function planRestored(facts: Facts, inputs: NodeInputs, end: readonly string[] | null, draft: Draft): void {
  if (!isToBeRestored(facts, inputs)) return;
  const isBack = inputs.road.mark?.provenAtMs != null && isProven(facts, inputs.cluster, inputs.machine.name);
  if (end === null && !isBack) return;
  draft.step({
    id: `cluster/${inputs.cluster.name}/restored`,
    title: `note that ${inputs.cluster.name} is restored`,
    reason: 'it is back, healthy and proven',
    needs: end ?? [],
    action: { kind: 'end-restoration', cluster: inputs.cluster.name },
  });
}
