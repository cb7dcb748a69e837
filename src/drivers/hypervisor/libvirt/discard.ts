import type { Files } from '../../../model/ports.ts';
import type { Hypervisor } from '../hypervisor.ts';
import { passing } from './deletion.ts';
import { assertOwnFolder } from './disks.ts';
import { refused } from './failures.ts';
import { copyOf, generationOf, type Layout, setAsideName, unmadeName } from './layout.ts';
import type { Ownership } from './owned.ts';
import { isSameDisk } from './state-files.ts';
import { readUnmade, wasStarted } from './unmade.ts';

export interface DiscardParts {
  readonly owned: Ownership;
  readonly layout: Layout;
  readonly files: Files;
  readonly owner: string;
}

/** See `MachineActs.discardDisks`. What says whose it is goes last: interrupted anywhere, the next call finds what is left. */
export function createDiscardDisks({ owned, layout, files, owner }: DiscardParts): Hypervisor['discardDisks'] {
  return async (machine) => {
    const what = 'discard the disks of';
    if ((await owned.find(machine)) !== null) throw refused(machine, what, 'it exists');
    const folder = layout.machine(machine.name);
    await assertOwnFolder(files, folder);
    const unmade = await readUnmade(files, layout, machine.name);
    if (unmade === null) return;
    if (unmade.owner !== owner || unmade.uuid !== machine.uuid)
      throw refused(machine, what, 'its folder is of another one');
    for (const generation of (await files.list(folder)).flatMap((name) => generationOf(name) ?? []))
      if (!(await wasStarted(files, layout, machine.name, generation)))
        await files.removeFolder(layout.generation(machine.name, generation));
    const left = await files.list(folder);
    const isUsed = left.some((name) => generationOf(name) !== null || copyOf(name) !== null || name === setAsideName);
    const disk = await files.stat(layout.stateDisk(machine.name));
    if (!isUsed && disk && unmade.state && isSameDisk(unmade.state, disk))
      await files.removeFile(layout.stateDisk(machine.name));
    for (const name of left) if (passing.test(name) && name !== unmadeName) await files.removeFile(`${folder}/${name}`);
    // In one act with the folder, which nobody would know as ours without it.
    const isEmpty = (await files.list(folder)).every((name) => name === unmadeName);
    await (isEmpty ? files.removeFolder(folder) : files.removeFile(layout.unmade(machine.name)));
  };
}
