import { KreError } from '../../../model/error.ts';
import type { Files } from '../../../model/ports.ts';
import type { DiskRequest, Hypervisor } from '../hypervisor.ts';
import { conflict } from './failures.ts';
import type { Layout } from './layout.ts';
import type { Ownership } from './owned.ts';
import type { DiskTools } from './qemu-img.ts';
import type { SeedWriter } from './seed-iso.ts';
import { assertStateDisk } from './state-files.ts';
import { markUnmade, noteBlankState } from './unmade.ts';

export interface DiskParts {
  readonly owned: Ownership;
  readonly layout: Layout;
  readonly files: Files;
  readonly disks: DiskTools;
  readonly seeds: SeedWriter;
  readonly owner: string;
}

/** QEMU passes through these folders and does not list them; what is in them belongs to one user. */
const passable = 0o711;

type DiskActs = Pick<Hypervisor, 'prepareDisks' | 'replaceSeed'>;

/** Promises as `MachineActs` states them. */
export function createDiskActs({ owned, layout, files, disks, seeds, owner }: DiskParts): DiskActs {
  const makeRoot = async (request: DiskRequest, hasDomain: boolean): Promise<void> => {
    const { machine, generation, image, diskMiB } = request;
    const base = layout.image(image.digest, image.format);
    const { virtualSizeBytes } = await disks.inspect(base);
    if (virtualSizeBytes > diskMiB * 2 ** 20) throw diskTooSmall(machine.name, diskMiB, virtualSizeBytes);
    await files.ensureFolder(layout.root, passable);
    await assertOwnFolder(files, layout.machine(machine.name));
    await files.ensureFolder(layout.machine(machine.name), passable);
    // Before anything that nobody else would know as ours.
    if (!hasDomain) await markUnmade(files, layout, machine, owner);
    await files.ensureFolder(layout.generation(machine.name, generation), passable);
    // Before the root: interrupted here, it must not look like one that ran.
    await files.write(layout.unstarted(machine.name, generation), '');
    const overlay = { path: base, format: image.format };
    await disks.createOverlay(layout.rootDisk(machine.name, generation), overlay, diskMiB);
  };
  return {
    prepareDisks: async (request) => {
      const { machine, generation, image, stateDisk, seed } = request;
      const domain = await owned.find(machine);
      if ((await files.stat(layout.image(image.digest, image.format))) === null) throw imageMissing(image.digest);
      const exists = async (path: string): Promise<boolean> => (await files.stat(path)) !== null;
      const wasStarted =
        (await exists(layout.rootDisk(machine.name, generation))) &&
        !(await exists(layout.unstarted(machine.name, generation)));
      const isNew = !wasStarted && !domain?.isActive;
      if (stateDisk) await assertStateDisk(files, layout, machine);
      if (isNew) await makeRoot(request, domain !== null);
      if (stateDisk && !(await exists(layout.stateDisk(machine.name)))) {
        await disks.createBlank(layout.stateDisk(machine.name), stateDisk.sizeMiB);
        if (domain === null) await noteBlankState(files, layout, machine);
      }
      const seedPath = layout.seed(machine.name, generation);
      if (isNew || !(await exists(seedPath))) await seeds.write(seedPath, seed);
    },
    replaceSeed: async (machine, generation, seed) => {
      await owned.require(machine);
      await seeds.write(layout.seed(machine.name, generation), seed);
    },
  };
}

/** A symlink in the place of a machine's folder would lead what we make, or delete, to somewhere else. */
export async function assertOwnFolder(files: Files, path: string): Promise<void> {
  const stat = await files.stat(path);
  if (stat !== null && stat.kind !== 'folder')
    throw conflict(`${path} is a ${stat.kind} where a machine's folder belongs`);
}

function imageMissing(digest: string): KreError {
  return new KreError({
    code: 'ImageDownload',
    message: `the image ${digest.slice(0, 19)}… is not in the store`,
    hint: 'It must be fetched first; the next pass does that.',
    disposition: 'retry',
  });
}

function diskTooSmall(name: string, diskMiB: number, imageBytes: number): KreError {
  return new KreError({
    code: 'ManifestInvalid',
    message: `the disk of ${name} has ${diskMiB} MiB, its image needs ${Math.ceil(imageBytes / 2 ** 20)} MiB`,
    hint: 'Raise spec.disk of its MachineClass.',
    disposition: 'stalled',
  });
}
