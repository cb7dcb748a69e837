import type { DeletionPolicy } from '../../../model/manifest.ts';
import type { Clock, Files } from '../../../model/ports.ts';
import type { Hypervisor, MachineRef } from '../hypervisor.ts';
import { assertOwnFolder } from './disks.ts';
import { refused } from './failures.ts';
import type { HostOperations } from './host-operations.ts';
import { copyOf, generationOf, type Layout, setAsideName, stateDiskName } from './layout.ts';
import { markText } from './mark-text.ts';
import type { OwnedDomain, Ownership } from './owned.ts';
import { retainedMarkName } from './retained.ts';
import { isCopyOf } from './state-copy.ts';

export interface DeletionParts {
  readonly owned: Ownership;
  readonly layout: Layout;
  readonly files: Files;
  readonly clock: Clock;
  readonly operations: HostOperations;
}

const undefineFlags = ['--managed-save', '--snapshots-metadata', '--checkpoints-metadata', '--nvram'];
/** What we leave in a machine's folder for a moment, and a crash for longer. */
export const passing = /^(?:\.definition\.xml|unmade\.json|state(?:-\d+)?\.qcow2\.new)$/;

/**
 * See `MachineActs.deleteMachine`. The domain, and with it the mark that allows all this, goes last: interrupted anywhere,
 * the next call finds what is left.
 */
export function createDeleteMachine(parts: DeletionParts): Hypervisor['deleteMachine'] {
  const { owned, layout, files } = parts;
  const removeEmptyFolder = async (machine: MachineRef): Promise<void> => {
    const folder = layout.machine(machine.name);
    const stat = await files.stat(folder);
    if (stat?.kind === 'folder' && (await files.list(folder)).length === 0) await files.removeFolder(folder);
  };
  return async (machine, stateDisk) => {
    const domain = await owned.find(machine);
    if (domain === null) return removeEmptyFolder(machine);
    if (domain.isActive) throw refused(machine, 'delete', `it is ${domain.state}, and only what is off is deleted`);
    await parts.operations.stop(isCopyOf(machine));
    await assertOwnFolder(files, layout.machine(machine.name));
    await keepLastCopy(parts, machine);
    await removeGenerations(parts, machine);
    await putAwayState(parts, machine, domain, stateDisk);
    await removeEmptyFolder(machine);
    await owned.act(machine, 'undefine', [['undefine', machine.uuid, ...undefineFlags]]);
  };
}

async function removeGenerations({ layout, files }: DeletionParts, machine: MachineRef): Promise<void> {
  const folder = layout.machine(machine.name);
  for (const name of await files.list(folder)) {
    const generation = generationOf(name);
    if (generation !== null) await files.removeFolder(layout.generation(machine.name, generation));
    else if (copyOf(name) !== null || passing.test(name)) await files.removeFile(`${folder}/${name}`);
  }
}

/** Going back was interrupted, or somebody took the state disk away: the newest copy counts as it, else the one that was set aside. */
async function keepLastCopy({ layout, files }: DeletionParts, machine: MachineRef): Promise<void> {
  const path = layout.stateDisk(machine.name);
  if ((await files.stat(path)) !== null) return;
  const names = await files.list(layout.machine(machine.name));
  const newest = Math.max(0, ...names.map((name) => copyOf(name) ?? 0));
  if (newest > 0) await files.rename(layout.stateCopy(machine.name, newest), path);
  else if (names.includes(setAsideName)) await files.rename(layout.setAsideState(machine.name), path);
}

async function putAwayState(
  { layout, files, clock }: DeletionParts,
  machine: MachineRef,
  { mark }: OwnedDomain,
  policy: DeletionPolicy,
): Promise<void> {
  const path = layout.stateDisk(machine.name);
  const aside = layout.setAsideState(machine.name);
  if (policy === 'Delete') await files.removeFile(aside);
  if ((await files.stat(path)) === null) return;
  if (policy === 'Delete') return files.removeFile(path);
  const time = new Date(clock.now()).toISOString().replace(/[-:]|\.\d+/g, '');
  const folder = await retainedFolder(files, layout, machine.uuid, time);
  await files.write(`${folder}/${retainedMarkName}`, `${markText(mark)}\n`);
  // The state disk goes last: by it an interrupted call knows this folder again.
  if ((await files.stat(aside)) !== null) await files.rename(aside, `${folder}/${setAsideName}`);
  await files.rename(path, `${folder}/${stateDiskName}`);
}

/** A folder for one disk: the one that an interrupted call has made already, else a new one. */
async function retainedFolder(files: Files, layout: Layout, uuid: string, time: string): Promise<string> {
  await files.ensureFolder(layout.retained, 0o711);
  for (const name of await files.list(layout.retained)) {
    const folder = `${layout.retained}/${name}`;
    if (name.startsWith(`${uuid}-`) && (await files.stat(`${folder}/${stateDiskName}`)) === null) return folder;
  }
  const folder = `${layout.retained}/${uuid}-${time}`;
  await files.ensureFolder(folder, 0o711);
  return folder;
}
