import type { DesiredMachine } from '../../model/desired.ts';
import type { Mark } from '../../model/mark.ts';
import type { MachineFolder } from '../../model/observed.ts';
import { stateDiskIdentity } from '../../reconcile/desire/identity.ts';
import type { InstalledRoot, SimFolder, SimMember, SimRoot, SimStateCopy, SimStateDisk } from '../../sim/state.ts';
import { clusterUid } from './cluster-uid.ts';
import { type CopyScene, isKeptState, isMember, isProven, type OwnMachine } from './source.ts';

const stateDiskMiB = 20 * 1024;
const unknownImage = `sha256:${'0'.repeat(64)}`;

/** Places in clusters, by machine name, as their disks hold them. */
export type Members = ReadonlyMap<string, SimMember>;

/** The machine folders with their root and state disks, also those whose domain is lost. Returns who is a member of which cluster. */
export function copyFolders(scene: CopyScene, own: readonly OwnMachine[]): Members {
  const members = new Map<string, SimMember>();
  const byName = new Map(own.map((machine) => [machine.name, machine]));
  for (const folder of scene.inventory.folders) {
    const machine = byName.get(folder.machine);
    const member = machine ? memberOf(scene, machine) : lostMember(scene, folder);
    if (member) members.set(folder.machine, member);
    scene.world.folders[folder.machine] = machine
      ? folderOf(folder, machine, member)
      : lostFolder(scene, folder, member);
  }
  return members;
}

function memberOf(scene: CopyScene, machine: OwnMachine): SimMember | null {
  const { mark, status, name } = machine;
  const kubernetes = mark.spec.kubernetes;
  if (kubernetes === null || !isMember(machine)) return null;
  const told = status?.kubernetes;
  const version = told?.version ?? kubernetes.version;
  const place = { clusterUid: clusterUid(scene, mark.object.name), node: name, role: kubernetes.role, version };
  return {
    ...place,
    ...(told?.apiVersion && told.apiVersion !== version ? { apiVersion: told.apiVersion } : {}),
    // An upgrade that is not noted as proven yet can be gone back from.
    ...(version === kubernetes.version ? {} : { previous: kubernetes.version }),
  };
}

function folderOf(folder: MachineFolder, machine: OwnMachine, member: SimMember | null): SimFolder {
  const { mark, uuid, wanted } = machine;
  const generations: Record<string, SimRoot> = {};
  for (const generation of folder.generations) generations[generation] = earlierRoot(machine, generation);
  generations[mark.generation] = presentRoot(machine, folder.generations.includes(mark.generation));
  const isFormatted = machine.status?.stateDisk === 'mounted' || isProven(machine) || isKeptState(machine);
  const identity = stateDiskIdentity(uuid);
  const stateDisk: SimStateDisk | null = folder.hasStateDisk
    ? {
        sizeMiB: mark.spec.stateDiskMiB ?? wanted?.spec.stateDiskMiB ?? stateDiskMiB,
        serial: machine.domain?.next.disks.find((disk) => disk.serial !== null)?.serial ?? identity.serial,
        filesystemUuid: isFormatted ? identity.filesystemUuid : null,
        member,
        writes: 1,
      }
    : null;
  return { machine: folder.machine, generations, stateDisk, ...besides(folder, mark, stateDisk) };
}

/** Copies of the state disk, and one that going back has put aside. What clusters they hold is filled in when the clusters are there. */
function besides(
  folder: MachineFolder,
  mark: Mark,
  stateDisk: SimStateDisk | null,
): Pick<SimFolder, 'copies' | 'setAside'> {
  if (!stateDisk) return {};
  const copies: Record<string, SimStateCopy> = {};
  for (const { generation, isCurrent } of folder.copies ?? []) {
    const version = mark.previous?.generation === generation ? mark.previous.spec.kubernetes?.version : undefined;
    const member = stateDisk.member && version !== undefined ? { ...stateDisk.member, version } : stateDisk.member;
    copies[generation] = { disk: { ...stateDisk, member, writes: isCurrent ? 1 : 0 }, datastore: null };
  }
  return { copies, setAside: folder.isSetAside ? { ...stateDisk } : null };
}

/** The root disk that the domain names. What is installed on it is copied with its guest. */
function presentRoot(machine: OwnMachine, wasStarted: boolean): SimRoot {
  const { mark, uuid, domain } = machine;
  return {
    imageDigest: mark.spec.image.digest,
    sizeMiB: mark.spec.diskMiB,
    unstarted: !wasStarted && domain?.state !== 'running',
    seed: {
      instanceId: instanceOf(uuid, mark),
      digest: '',
      stateUuid: mark.spec.stateDiskMiB === null ? null : stateDiskIdentity(uuid).filesystemUuid,
      stateNew: !isProven(machine) && !isKeptState(machine),
      program: null,
      version: mark.spec.kubernetes?.version ?? null,
      ...(mark.joins ? { joins: true } : {}),
    },
    installed: null,
  };
}

/** The instance-id that seeds give a machine's generation. */
export function instanceOf(uuid: string, mark: Mark): string {
  return `${uuid}-${mark.generation}`;
}

/** A root disk that an earlier generation ran on: of the one before the mark tells what was on it, of others nobody knows. */
function earlierRoot({ mark, uuid, status }: OwnMachine, generation: number): SimRoot {
  const spec = mark.previous?.generation === generation ? mark.previous.spec : null;
  const root = { sizeMiB: spec?.diskMiB ?? 0, unstarted: false, seed: null, installed: null };
  if (!spec) return { ...root, imageDigest: unknownImage };
  const instanceId = `${uuid}-${generation}`;
  const stateUuid = stateDiskIdentity(uuid).filesystemUuid;
  const version = spec.kubernetes?.version ?? null;
  const seed = { instanceId, digest: '', stateUuid, stateNew: false, program: null, version };
  const installed: InstalledRoot = {
    instanceId,
    stateUuid,
    version,
    cloudInit: 'done',
    program: status?.program ?? '',
    kubernetes: version,
    staged: [],
    operations: [],
    backups: {},
    member: null,
  };
  return { ...root, imageDigest: spec.image.digest, seed, installed };
}

/** A folder without a domain: the machine is made again around its state disk, if the manifests still name it. */
function lostFolder(scene: CopyScene, folder: MachineFolder, member: SimMember | null): SimFolder {
  const wanted = wantedOf(scene, folder);
  const identity = stateDiskIdentity(wanted?.uuid ?? folder.machine);
  const generations = Object.fromEntries(
    folder.generations.map((generation): [string, SimRoot] => [
      String(generation),
      { imageDigest: unknownImage, sizeMiB: 0, unstarted: false, seed: null, installed: null },
    ]),
  );
  const sizeMiB = wanted?.spec.stateDiskMiB ?? stateDiskMiB;
  const stateDisk = folder.hasStateDisk ? { sizeMiB, ...identity, member } : null;
  return { machine: folder.machine, generations, stateDisk, ...unmadeOf(folder) };
}

/** Prepared for a machine that has no domain yet. Whether its state disk was made with it nobody has told. */
function unmadeOf({ unmade, generations }: MachineFolder): Pick<SimFolder, 'unmade'> {
  return unmade ? { unmade: { ...unmade, madeState: generations.length === 0 } } : {};
}

function lostMember(scene: CopyScene, folder: MachineFolder): SimMember | null {
  const wanted = wantedOf(scene, folder);
  const kubernetes = wanted?.spec.kubernetes;
  if (!wanted || !kubernetes || !folder.hasStateDisk || folder.generations.length === 0) return null;
  scene.assumptions.add(
    '{}: the domain is gone; its state disk is assumed to hold what its cluster needs.',
    wanted.name,
  );
  const { role, version } = kubernetes;
  return { clusterUid: clusterUid(scene, wanted.object.name), node: wanted.name, role, version };
}

function wantedOf({ desired }: CopyScene, folder: MachineFolder): DesiredMachine | null {
  return desired.machines.find((machine) => machine.name === folder.machine) ?? null;
}
