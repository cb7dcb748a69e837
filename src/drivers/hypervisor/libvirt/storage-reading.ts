import type { MachineFolder, RetainedDisk, StateCopy, StoredImage } from '../../../model/observed.ts';
import type { Files } from '../../../model/ports.ts';
import type { ImageCatalogue } from './image-catalogue.ts';
import {
  copyOf,
  generationOf,
  imageOf,
  isMachineFolder,
  type Layout,
  setAsideName,
  stateDiskName,
  unmadeName,
} from './layout.ts';
import { readRetained } from './retained.ts';
import { isSameDisk, readDiskStat } from './state-files.ts';
import { readUnmade, wasStarted } from './unmade.ts';

/** What the images folder holds. */
export interface StorageReading {
  readonly folders: readonly MachineFolder[];
  readonly images: readonly StoredImage[];
  readonly freeDiskMiB: number;
  readonly retained: readonly RetainedDisk[];
}

/** Reads the images folder; one that does not exist yet is empty. */
export async function readStorage(files: Files, layout: Layout, catalogue: ImageCatalogue): Promise<StorageReading> {
  const names = await files.list(layout.root);
  const [folders, images, freeBytes, retained] = await Promise.all([
    Promise.all(names.filter(isMachineFolder).map((name) => readFolder(files, layout, name))),
    Promise.all(names.flatMap((name) => imageOf(name) ?? []).map((image) => catalogue.describe(image))),
    files.freeBytes(layout.root),
    readRetained(files, layout),
  ]);
  return {
    folders: folders.filter((folder) => folder !== null),
    images: images.filter((image) => image !== null),
    freeDiskMiB: Math.floor(freeBytes / 2 ** 20),
    retained,
  };
}

async function readFolder(files: Files, layout: Layout, machine: string): Promise<MachineFolder | null> {
  const names = await files.list(layout.machine(machine)).catch(() => null);
  if (names === null) return null;
  const numbers = names.flatMap((name) => generationOf(name) ?? []).sort((a, b) => a - b);
  const wereStarted = await Promise.all(
    numbers.map((number) => wasStarted(files, layout, machine, number).catch(() => false)),
  );
  const started = numbers.filter((_, index) => wereStarted[index]);
  const useMiB = {
    root: await takenMiB(files, layout.rootDisk(machine, Math.max(1, ...started))),
    state: await takenMiB(files, layout.stateDisk(machine)),
  };
  const copies = await readCopies(files, layout, machine, names);
  const unmade = names.includes(unmadeName) ? await readUnmade(files, layout, machine).catch(() => null) : null;
  return {
    machine,
    generations: started,
    hasStateDisk: names.includes(stateDiskName),
    useMiB,
    ...(copies.length > 0 ? { copies } : {}),
    ...(names.includes(setAsideName) ? { isSetAside: true } : {}),
    ...(unmade ? { unmade: { owner: unmade.owner, uuid: unmade.uuid } } : {}),
  };
}

/** `null` for what is not there or cannot be looked at. */
async function takenMiB(files: Files, path: string): Promise<number | null> {
  const stat = await files.stat(path).catch(() => null);
  return stat && Math.ceil(stat.allocatedBytes / 2 ** 20);
}

async function readCopies(
  files: Files,
  layout: Layout,
  machine: string,
  names: readonly string[],
): Promise<readonly StateCopy[]> {
  const generations = names.flatMap((name) => copyOf(name) ?? []).sort((a, b) => a - b);
  if (generations.length === 0) return [];
  const disk = await readDiskStat(files, layout.stateDisk(machine));
  const found = await Promise.all(
    generations.map(async (generation) => {
      const copy = await files.stat(layout.stateCopy(machine, generation));
      return copy ? [{ generation, isCurrent: disk !== null && isSameDisk(copy, disk) }] : [];
    }),
  );
  return found.flat();
}
