import type { RetainedDisk } from '../../../model/observed.ts';
import type { Files } from '../../../model/ports.ts';
import type { StateDiskActs } from '../hypervisor.ts';
import { assertOwnFolder } from './disks.ts';
import { refused } from './failures.ts';
import { type Layout, setAsideName, stateDiskName } from './layout.ts';
import { markOfText } from './mark-text.ts';
import type { Ownership } from './owned.ts';
import { assertStateDisk, stateDiskMissing } from './state-files.ts';

/** Beside a retained state disk: the mark that its domain bore. */
export const retainedMarkName = 'mark.json';

const nameForm = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

/** The retained state disks with a readable mark, by name. */
export async function readRetained(files: Files, layout: Layout): Promise<readonly RetainedDisk[]> {
  const names = await files.list(layout.retained).catch(() => []);
  const found = await Promise.all(names.map((name) => readOne(files, layout, name).catch(() => null)));
  return found.filter((entry) => entry !== null);
}

async function readOne(files: Files, layout: Layout, name: string): Promise<RetainedDisk | null> {
  const [, uuid, ...time] = nameForm.exec(name) ?? [];
  if (uuid === undefined) return null;
  const folder = `${layout.retained}/${name}`;
  if ((await files.stat(`${folder}/${stateDiskName}`))?.kind !== 'file') return null;
  const mark = markOfText((await files.read(`${folder}/${retainedMarkName}`)) ?? '');
  if (mark === 'unreadable') return null;
  const [year = '', month = '', day = '', hour = '', minute = '', second = ''] = time;
  const atMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(atMs) ? null : { name, uuid, machine: mark.machine, atMs, mark };
}

export interface RetainedParts {
  readonly owned: Ownership;
  readonly layout: Layout;
  readonly files: Files;
}

/** See `StateDiskActs.adoptRetained`. One rename moves the disk; what stays behind is only tidied up after it. */
export function createAdoptRetained({ owned, layout, files }: RetainedParts): StateDiskActs['adoptRetained'] {
  return async (machine, retained) => {
    const what = `put ${retained} under`;
    if ((await owned.find(machine)) !== null) throw refused(machine, what, 'it exists');
    if (nameForm.exec(retained)?.[1] !== machine.uuid) throw refused(machine, what, 'it is not a state disk of it');
    const folder = `${layout.retained}/${retained}`;
    const disk = layout.stateDisk(machine.name);
    await assertOwnFolder(files, layout.machine(machine.name));
    const hasDisk = (await files.stat(disk)) !== null;
    const kept = (await files.stat(`${folder}/${stateDiskName}`))?.kind;
    if (kept === undefined) {
      if (!hasDisk) throw stateDiskMissing(machine, `there is none in ${folder}`);
    } else {
      if (hasDisk) throw refused(machine, what, 'it has a state disk, and no other is put in its place');
      const found = await readOne(files, layout, retained);
      if (found?.machine !== machine.name) throw refused(machine, what, 'its mark does not say that it was of it');
      await assertStateDisk(files, layout, machine);
      await files.ensureFolder(layout.machine(machine.name), 0o711);
      await files.rename(`${folder}/${stateDiskName}`, disk);
    }
    await tidyUp(files, layout, retained);
  };
}

/** Nothing of value but a state disk that had failed is left: that one is kept, under a name that no deletion takes for its own. */
async function tidyUp(files: Files, layout: Layout, retained: string): Promise<void> {
  const folder = `${layout.retained}/${retained}`;
  const names = await files.list(folder);
  if (names.length === 0 && (await files.stat(folder)) === null) return;
  if (names.includes(setAsideName)) return files.rename(folder, `${layout.retained}/failed-${retained}`);
  if (names.every((name) => name === retainedMarkName)) await files.removeFolder(folder);
}
