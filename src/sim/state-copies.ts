/** Copies of state disks, and going back to one: with the disk goes what is on it, the datastore of a single member included. */
import type { HostOperation } from '../model/observed.ts';
import { dropLostClusters, lastingNodes } from './cluster.ts';
import type { SimCluster } from './cluster-state.ts';
import { cancel, schedule } from './events.ts';
import { durationMs, failureOf } from './fault.ts';
import { folderOf } from './places.ts';
import type { SimDomain, SimFolder, SimStateCopy, SimStateDisk, WorldState } from './state.ts';

/** The id under which the inventory shows the copying. */
export function copyId(machine: string, generation: number | string): string {
  return `copy-state-${machine}-${generation}`;
}

/** Whether the state disk is what the copy holds. */
export function isCurrent(folder: SimFolder, copy: SimStateCopy): boolean {
  return folder.stateDisk !== null && (folder.stateDisk.writes ?? 0) === (copy.disk.writes ?? 0);
}

/** The state disk may differ from its copies from now on. */
export function countWrite(disk: SimStateDisk): void {
  disk.writes = (disk.writes ?? 0) + 1;
}

/** A domain that is turned on writes to the state disk that its definition names. */
export function countBoot(state: WorldState, domain: SimDomain): void {
  const disk = folderOf(state, domain)?.stateDisk;
  if (disk && domain.next.disks.some((attached) => attached.serial === disk.serial)) countWrite(disk);
}

/** Starts copying; what runs is left alone, what is copied and unchanged too. */
export function beginCopy(state: WorldState, folder: SimFolder, generation: number, atMs: number): void {
  const id = copyId(folder.machine, generation);
  const present = folder.copies?.[generation];
  if (state.operations[id]?.state === 'running' || (present && isCurrent(folder, present))) return;
  const dueMs = atMs + durationMs(state, 'copyState', folder.machine);
  const message = `copying the state disk of ${folder.machine}`;
  folder.copying = { ...folder.copying, [generation]: folder.stateDisk?.writes ?? 0 };
  state.operations[id] = { id, state: 'running', startedAtMs: atMs, endedAtMs: null, progress: 0, message };
  schedule(state, { atMs: dueMs, kind: 'copied', of: folder.machine, about: String(generation) });
}

/** The copying's time is over. A disk that was written meanwhile is not copied. */
export function finishCopy(state: WorldState, machine: string, generation: string, atMs: number): void {
  const operation = state.operations[copyId(machine, generation)];
  const folder = state.folders[machine];
  if (operation?.state !== 'running' || !folder) return;
  const failure = troubleOf(state, folder, generation) ?? failureOf(state, 'copyState', machine);
  if (failure === null && folder.stateDisk) {
    const disk = structuredClone(folder.stateDisk);
    folder.copies = { ...folder.copies, [generation]: { disk, datastore: datastoreOn(state, folder, disk) } };
  }
  end(state, operation, atMs, failure);
}

function troubleOf(state: WorldState, folder: SimFolder, generation: string): string | null {
  if (folder.stateDisk === null) return 'the state disk is gone';
  const domain = state.domains[state.names[folder.machine] ?? ''];
  const isAsItWas = folder.copying?.[generation] === (folder.stateDisk.writes ?? 0);
  return domain?.run || !isAsItWas ? 'the state disk was written while it was copied' : null;
}

function end(state: WorldState, operation: HostOperation, atMs: number, failure: string | null): void {
  state.operations[operation.id] = {
    ...operation,
    state: failure === null ? 'succeeded' : 'failed',
    endedAtMs: atMs,
    progress: failure === null ? 1 : null,
    message: failure ?? 'copied',
  };
}

/** Ends what is being copied of a machine: its disks are about to be moved. */
export function stopCopies(state: WorldState, machine: string, atMs: number): void {
  for (const event of state.events.filter(({ kind, of }) => kind === 'copied' && of === machine)) {
    const operation = state.operations[copyId(machine, event.about)];
    if (operation) end(state, operation, atMs, 'stopped: the disks are put elsewhere');
  }
  cancel(state, ({ kind, of }) => kind === 'copied' && of === machine);
}

/** What a disk holds of a cluster's data; `null` where other members hold it too. */
function datastoreOn(state: WorldState, { machine }: SimFolder, { member }: SimStateDisk): SimCluster | null {
  const cluster = member?.role === 'control-plane' ? state.clusters[member.clusterUid] : undefined;
  return cluster && isOnlyMember(cluster, state.names[machine]) ? structuredClone(cluster) : null;
}

function isOnlyMember({ controlPlanes }: SimCluster, uuid: string | undefined): boolean {
  return controlPlanes.every((member) => member === uuid);
}

/** The state disk is set aside. */
export function setAside(folder: SimFolder): void {
  if (folder.stateDisk) folder.setAside = folder.stateDisk;
  folder.stateDisk = null;
}

/** The copy becomes the state disk, and the cluster what it was then; nodes are where they are now. */
export function putBack(state: WorldState, domain: SimDomain, folder: SimFolder, generation: number): void {
  const copy = folder.copies?.[generation];
  if (!copy) return;
  folder.stateDisk = copy.disk;
  delete folder.copies?.[generation];
  if (copy.datastore) putDatastoreBack(state, domain, copy.datastore);
  dropLostClusters(state);
}

function putDatastoreBack(state: WorldState, domain: SimDomain, datastore: SimCluster): void {
  const present = state.clusters[datastore.uid];
  if (present && !isOnlyMember(present, domain.uuid)) return;
  const cluster = structuredClone(datastore);
  cluster.nodes = lastingNodes(state, present ?? { ...cluster, nodes: {} }, cluster.nodes, state.atMs);
  state.clusters[cluster.uid] = cluster;
}
