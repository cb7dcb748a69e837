import type { GuestKubernetes, GuestStatus } from '../../model/guest-status.ts';
import type { Backup } from '../../model/observed.ts';
import { minuteText } from '../../model/time-text.ts';
import { isOfCluster } from './backup.ts';
import { type Facts, freshGuest, operationsOf, waitedMs } from './facts.ts';
import { isProven } from './health.ts';
import { nextMark, quarantinedMark, versionDigest } from './mark.ts';
import { type NodeInputs, planHealth, planUncordon } from './node.ts';
import { MOST_DISRUPTIVE_ATTEMPTS, operationPrefix, planOperation, upgradesTo } from './operation.ts';
import { planQuarantine } from './quarantine.ts';

/** An upgrade that failed on a node. */
export interface FailedUpgrade {
  readonly version: string;
  readonly reason: string;
}

/**
 * Judges whether an upgrade has failed for good: it was tried as often as may be, took too long, did not get well after it, or left a version
 * behind that nobody wants any more. `null`: it may still end well, or none was begun.
 */
export function failedUpgrade(
  facts: Facts,
  { cluster, machine, road }: NodeInputs,
  guest: GuestStatus,
  kubernetes: GuestKubernetes,
): FailedUpgrade | null {
  const applied = road.mark?.spec.kubernetes?.version;
  const { upgradeMs, readyMs } = cluster.deadlines;
  if (applied === undefined || road.mark?.provenAtMs === null) return null;
  if (applied === cluster.version) return abandonedUpgrade(guest, kubernetes, applied);
  const past = upgradesTo(guest, cluster.version);
  const last = past.at(-1);
  const failed = (reason: string): FailedUpgrade => ({ version: cluster.version, reason });
  const failures = past.filter((operation) => operation.state === 'failed').length;
  // One that failed before it changed anything may be tried again; one that left its mark is not left to it.
  if (last?.state === 'failed' && last.result['touched'] === 'yes')
    return failed(`the upgrade failed: ${last.message}`);
  if (last?.state === 'failed' && failures >= MOST_DISRUPTIVE_ATTEMPTS)
    return failed(`the upgrade failed ${failures} times: ${last.message}`);
  const seconds = (ms: number) => Math.round(ms / 1000);
  if (last?.state === 'running' && waitedMs(facts, `machine/${machine.name}/upgrade/done`) > upgradeMs)
    return failed(`the upgrade did not end within ${seconds(upgradeMs)} s: ${last.message}`);
  if (last?.state === 'succeeded' && waitedMs(facts, `machine/${machine.name}/healthy`) > readyMs)
    return failed(`the node was not Ready at ${cluster.version} within ${seconds(readyMs)} s after the upgrade`);
  return null;
}

/** A commit took the version back in the middle of an upgrade, which then failed: half of it still runs. */
function abandonedUpgrade(guest: GuestStatus, kubernetes: GuestKubernetes, applied: string): FailedUpgrade | null {
  const { version, apiVersion } = kubernetes;
  const other = [apiVersion, version].find((found) => found != null && found !== applied) ?? null;
  const isRunning = guest.operations.some(({ verb, state }) => verb === 'upgrade' && state === 'running');
  if (other === null || isRunning) return null;
  const last = upgradesTo(guest, other).at(-1);
  // One that ended well runs now; going down from it is a downgrade, which another guard forbids.
  if (version === other && last?.state !== 'failed') return null;
  return { version: other, reason: `an upgrade to ${other} was begun, did not end well and is not wanted any more` };
}

/**
 * Takes a failed upgrade back: the decision first, then the binaries and configuration from before, and on a single control plane the datastore
 * where the newer version has touched it. Ends when the node is well at the version before; the rollout goes no further.
 */
export function planTakeBack(facts: Facts, node: NodeInputs, failed: FailedUpgrade, isDecided: boolean): null {
  const { machine, road } = node;
  const { mark, draft } = road;
  if (mark === null) return null;
  const applied = mark.spec.kubernetes?.version ?? '';
  const digest = versionDigest(failed.version);
  const decided = isDecided ? [] : planQuarantine(facts, machine, mark, digest, failed.reason, draft);
  const undone = planRollback(facts, node, failed, decided);
  if (undone === null) return null;
  const healthy = planHealth(facts, node, { version: applied, twice: true }, undone);
  const open = planUncordon(facts, node, healthy, false, `it is well at ${applied} again`);
  const entry = mark.quarantined.find((one) => one.digest === digest);
  const { atMs = facts.nowMs, reason = failed.reason } = entry ?? {};
  draft.step({
    id: `machine/${machine.name}/taken-back`,
    title: `note that ${failed.version} is taken back on ${machine.name}`,
    reason: `it is well at ${applied} again`,
    needs: [...open, ...road.markNeeds, ...decided],
    action: {
      kind: 'write-mark',
      machine: machine.name,
      mark: quarantinedMark(nextMark(facts, machine, mark, mark.spec), {
        digest,
        atMs,
        reason,
        endedAtMs: facts.nowMs,
      }),
    },
  });
  return null;
}

/** The verb that undoes, until what it should leave is observed. A node that the upgrade never touched has nothing to undo. */
function planRollback(
  facts: Facts,
  node: NodeInputs,
  failed: FailedUpgrade,
  decided: readonly string[],
): readonly string[] | null {
  const { machine, road, cluster } = node;
  const { mark } = road;
  const applied = mark?.spec.kubernetes?.version ?? '';
  const atMs = mark?.quarantined.find((one) => one.digest === versionDigest(failed.version))?.atMs ?? facts.nowMs;
  const guest = freshGuest(facts, machine.name);
  const subject = `${failed.version}/${atMs}`;
  const done = operationsOf(guest, operationPrefix('rollback', subject)).at(-1);
  const { version, apiVersion } = guest?.kubernetes ?? {};
  const isBack = version === applied && (apiVersion ?? applied) === applied;
  if (isBack && done?.state === 'succeeded') return decided;
  const isWell = isBack && isProven(facts, cluster, machine.name);
  if (guest && isWell && upgradesTo(guest, failed.version).length === 0) return decided;
  const backup = backupBefore(facts, node, failed.version, applied, atMs);
  const loss =
    backup === null
      ? 'the datastore stays as it is'
      : `where the newer version has touched the datastore, what was written since the upgrade began is lost, at the most since ${minuteText(backup.atMs)}`;
  return planOperation(facts, road.draft, {
    machine: machine.name,
    verb: 'rollback',
    subject,
    needs: [...decided, ...(road.up ?? [])],
    input: { version: failed.version, to: applied, backup: backup?.id ?? '' },
    // One that only came up too late is left as it runs, so another try may be made as often as it takes.
    disruptive: !isWell,
    timeoutMs: cluster.deadlines.upgradeMs,
    title: `take ${machine.name} back from ${failed.version} to ${applied}`,
    reason: `${failed.reason}; ${loss}`,
    condition: `${machine.name} runs ${applied} again`,
  });
}

/** The newest backup from before, best of all one that was made for this upgrade; only a single member's datastore ever goes back. */
function backupBefore(
  facts: Facts,
  { machine, cluster, role }: NodeInputs,
  version: string,
  applied: string,
  failedAtMs: number,
): Backup | null {
  if (role === 'worker' || cluster.controlPlanes.length !== 1) return null;
  const uid = freshGuest(facts, machine.name)?.kubernetes?.clusterUid ?? null;
  const usable = facts.records.backups.filter(
    (backup) =>
      isOfCluster(backup, cluster.name, uid) &&
      backup.machine === machine.name &&
      backup.version === applied &&
      backup.verified &&
      backup.atMs <= failedAtMs,
  );
  const newest = (list: readonly Backup[]) => [...list].sort((a, b) => a.atMs - b.atMs).at(-1);
  const prefix = operationPrefix('backup', `${machine.name}/${version}`);
  return newest(usable.filter(({ id }) => id.startsWith(prefix))) ?? newest(usable) ?? null;
}
