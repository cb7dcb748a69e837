import type { Files } from '../../../model/ports.ts';
import type { Virsh } from '../../../virsh/virsh.ts';
import type { MachineRef, StateDiskActs } from '../hypervisor.ts';
import { assertOwnFolder } from './disks.ts';
import { refused } from './failures.ts';
import type { HostOperations } from './host-operations.ts';
import type { Layout } from './layout.ts';
import type { OwnedDomain, Ownership } from './owned.ts';
import { parseDomain } from './parse-domain.ts';
import { type CopyParts, copyId, copyStateDisk, isCopyOf } from './state-copy.ts';
import { assertStateDisk, isSameDisk, readDiskStat, removeCopy, stateDiskMissing } from './state-files.ts';

export interface StateDiskParts extends CopyParts {
  readonly virsh: Virsh;
  readonly owned: Ownership;
  readonly operations: HostOperations;
}

const readTimeoutMs = 15_000;

/** Promises as `StateDiskActs` states them. */
export function createStateDiskActs(parts: StateDiskParts): Omit<StateDiskActs, 'adoptRetained'> {
  const { virsh, owned, layout, files, operations } = parts;
  /** Memory that was saved goes on where it was, with the disk as it was. */
  const requireOff = async (machine: MachineRef, what: string): Promise<OwnedDomain> => {
    const domain = await owned.require(machine);
    if (domain.isActive) throw refused(machine, what, `it is ${domain.state}`);
    const info = await virsh.ask(['dominfo', machine.uuid], { timeoutMs: readTimeoutMs });
    if (/^Managed save:\s+yes/im.test(info)) throw refused(machine, what, 'its memory is saved');
    await assertOwnFolder(files, layout.machine(machine.name));
    return domain;
  };
  return {
    copyState: async (machine, generation) => {
      const what = 'copy the state disk of';
      const { next } = await requireOff(machine, what);
      const path = layout.stateDisk(machine.name);
      if ((await files.stat(path)) === null) throw stateDiskMissing(machine, 'it has none to copy');
      const isUsed = next.shape.disks.some((disk) => disk.path === path);
      if (!isUsed) throw refused(machine, what, `its definition does not use ${path}`);
      if (await hasCurrentCopy(files, layout, machine, generation)) return;
      const assertOff = async (): Promise<void> => void (await requireOff(machine, what));
      operations.begin(copyId(machine, generation), copyStateDisk(parts, machine, generation, assertOff));
    },
    restoreState: async (machine, generation) => {
      await requireOff(machine, 'put back the state disk of');
      await operations.stop(isCopyOf(machine));
      await putBack(parts, machine, generation);
    },
    dropGeneration: async (machine, generation) => {
      const domain = await owned.require(machine);
      await assertOwnFolder(files, layout.machine(machine.name));
      if (await isInUse(parts, machine, generation, domain)) {
        throw refused(machine, `drop generation ${generation} of`, 'it is in use');
      }
      await assertStateDisk(files, layout, machine);
      await operations.stop((id) => id === copyId(machine, generation));
      await files.removeFolder(layout.generation(machine.name, generation));
      await removeCopy(files, layout, machine, generation);
      await files.removeFile(layout.setAsideState(machine.name));
    },
  };
}

async function hasCurrentCopy(files: Files, layout: Layout, machine: MachineRef, generation: number): Promise<boolean> {
  const copy = await files.stat(layout.stateCopy(machine.name, generation));
  const disk = copy && (await readDiskStat(files, layout.stateDisk(machine.name)));
  return Boolean(disk && isSameDisk(copy, disk));
}

/** In this order a copy is used up only when what it replaces is out of the way, and each moment tells what is left to do. */
async function putBack({ files, layout }: StateDiskParts, machine: MachineRef, generation: number): Promise<void> {
  const exists = async (path: string): Promise<boolean> => (await files.stat(path)) !== null;
  const disk = layout.stateDisk(machine.name);
  const copy = layout.stateCopy(machine.name, generation);
  const aside = layout.setAsideState(machine.name);
  const hasDisk = await exists(disk);
  if (!(await exists(copy))) {
    if (hasDisk && (await exists(aside))) return;
    throw stateDiskMissing(machine, `there is no copy of it from generation ${generation}`);
  }
  if (hasDisk) await files.rename(disk, aside);
  await files.rename(copy, disk);
}

async function isInUse(
  { virsh, layout }: StateDiskParts,
  machine: MachineRef,
  generation: number,
  domain: OwnedDomain,
): Promise<boolean> {
  if (domain.mark.generation === generation) return true;
  const live = domain.isActive
    ? parseDomain(await virsh.ask(['dumpxml', machine.uuid], { timeoutMs: readTimeoutMs })).shape.disks
    : [];
  const folder = `${layout.generation(machine.name, generation)}/`;
  return [...domain.next.shape.disks, ...live].some(({ path }) => path.startsWith(folder));
}
