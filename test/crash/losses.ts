import type { Backup, Restoration } from '../../src/model/observed.ts';
import { undefineDomain } from '../../src/sim/outside.ts';
import type { Course } from './course.ts';
import { clusterData, ownDomain } from './scene.ts';

/** Clusters that are lost, and what a person wants back. */

/** The control plane of a cluster is gone, with everything on this host that was its own but the backups. */
export async function loseCluster({ rollout, scene }: Course, name: string): Promise<void> {
  const { memory, state, desired, disk } = scene;
  const cluster = desired.clusters.find((entry) => entry.name === name);
  const machine = cluster?.controlPlanes[0];
  if (!cluster || cluster.controlPlanes.length > 1 || machine === undefined || !ownDomain(state, machine)) return;
  const uid = clusterData(state, cluster)?.uid;
  await undefineDomain(rollout.world, machine);
  await rollout.world.change((hand) => {
    delete hand.state.folders[machine];
    hand.dropLostClusters();
  });
  if (uid !== undefined) memory.objects.delete(uid);
  memory.dataDisks.delete(machine);
  const wasPublished = disk.records.kubeconfigs.some((entry) => entry.cluster === name);
  if (wasPublished || latestBackup(rollout.disk.records.backups, name)) memory.lost.add(name);
}

/** A person wants the state of the latest backup in place of the present one, where there is one. */
export async function restoreOver(course: Course, name: string): Promise<void> {
  const { scene } = course;
  const cluster = scene.desired.clusters.find((entry) => entry.name === name);
  const data = cluster && clusterData(scene.state, cluster);
  if (!cluster || !data || cluster.controlPlanes.length > 1) return;
  if (!latestBackup(scene.disk.records.backups, name)) return;
  scene.memory.objects.delete(data.uid);
  scene.memory.dataDisks.delete(cluster.controlPlanes[0] ?? '');
  restore(course, name, true);
}

/** Decides for the latest backup of a cluster; returns whether there is any. */
export function restore({ rollout, scene }: Course, name: string, replace: boolean): boolean {
  const { records } = rollout.disk;
  const backup = latestBackup(records.backups, name);
  const machine = scene.desired.clusters.find((entry) => entry.name === name)?.controlPlanes[0];
  if (!backup || machine === undefined) return false;
  const wish: Restoration = { cluster: name, machine, backup: backup.id, atMs: rollout.clock.now(), replace };
  const others = records.restorations?.filter((entry) => entry.cluster !== name) ?? [];
  rollout.disk.records = { ...records, restorations: [...others, wish] };
  const uid = backup.clusterUid ?? '';
  scene.memory.returning.set(name, { uid, objects: keptUntil(scene.memory.writtenAtMs, uid, backup.atMs) });
  return true;
}

/** Objects of a cluster that were written before a time; the later ones are given up. */
function keptUntil(writtenAtMs: Map<string, number>, uid: string, atMs: number): ReadonlySet<string> {
  const kept = new Set<string>();
  for (const [key, writtenMs] of [...writtenAtMs]) {
    if (!key.startsWith(`${uid} `)) continue;
    if (writtenMs < atMs) kept.add(key.slice(uid.length + 1));
    else writtenAtMs.delete(key);
  }
  return kept;
}

/** A person wants a backup of a cluster that is there and on. */
export function askBackup({ rollout, scene }: Course, name: string): void {
  const { records } = rollout.disk;
  if (!scene.desired.clusters.some((entry) => entry.name === name && entry.powerState === 'On')) return;
  const others = records.backupRequests?.filter(({ cluster }) => cluster !== name) ?? [];
  const request = { cluster: name, atMs: rollout.clock.now() };
  rollout.disk.records = { ...records, backupRequests: [...others, request] };
}

/** As `restore <cluster> latest` finds it. */
export function latestBackup(backups: readonly Backup[], cluster: string): Backup | null {
  const own = backups.filter((entry) => entry.cluster === cluster && entry.verified);
  return own.reduce<Backup | null>((a, b) => (a === null || b.atMs >= a.atMs ? b : a), null);
}
