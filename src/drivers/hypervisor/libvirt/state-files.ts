/** The state disk's files in a machine's folder: which is which, and which must not be lost. */
import { KreError } from '../../../model/error.ts';
import type { FileStat, Files } from '../../../model/ports.ts';
import type { MachineRef } from '../hypervisor.ts';
import { copyOf, type Layout } from './layout.ts';

/** Of the disk itself, where a link leads to it; `null` where there is none. */
export async function readDiskStat(files: Files, path: string): Promise<FileStat | null> {
  const real = await files.realPath(path);
  return real === null ? null : files.stat(real);
}

/** Neither was written since they were the same: the time may have been rounded on its way through a file system. */
export function isSameDisk(
  one: Pick<FileStat, 'sizeBytes' | 'modifiedMs'>,
  other: Pick<FileStat, 'sizeBytes' | 'modifiedMs'>,
): boolean {
  return one.sizeBytes === other.sizeBytes && Math.abs(one.modifiedMs - other.modifiedMs) < 1;
}

/** A copy and what is left of an interrupted one. */
export async function removeCopy(files: Files, layout: Layout, machine: MachineRef, generation: number): Promise<void> {
  const path = layout.stateCopy(machine.name, generation);
  await files.removeFile(`${path}.new`);
  await files.removeFile(path);
}

/**
 * Refuses, with `StateDiskMissing`, where no state disk stands and a copy or one set aside says that there was one: what is left may be the
 * only way back.
 */
export async function assertStateDisk(files: Files, layout: Layout, machine: MachineRef): Promise<void> {
  if ((await files.stat(layout.stateDisk(machine.name))) !== null) return;
  const isSetAside = (await files.stat(layout.setAsideState(machine.name))) !== null;
  const names = await files.list(layout.machine(machine.name));
  if (!isSetAside && !names.some((name) => copyOf(name) !== null)) return;
  throw stateDiskMissing(machine, 'only copies of it, or one that was set aside, stand in its folder');
}

/** There is no state disk to do it with. */
export function stateDiskMissing(machine: MachineRef, why: string): KreError {
  return new KreError({
    code: 'StateDiskMissing',
    message: `the state disk of ${machine.name}: ${why}`,
    hint: 'Look into its folder below the images folder: state.qcow2 is the disk, state-<generation>.qcow2 a copy of it, state-failed.qcow2 one that was set aside. Rename the right one to state.qcow2.',
    disposition: 'stalled',
  });
}
