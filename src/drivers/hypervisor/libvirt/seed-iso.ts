import { KreError } from '../../../model/error.ts';
import type { Files } from '../../../model/ports.ts';
import type { SeedFiles } from '../../../model/seed.ts';
import type { StorageTools } from './tools.ts';

/** Writes the seed that a guest's cloud-init reads: an ISO 9660 image with the label `cidata`. */
export interface SeedWriter {
  /** Replaces the file in one act. A machine that runs goes on reading the old one until it is next started. */
  write(path: string, seed: SeedFiles): Promise<void>;
}

/** Whichever of these a distribution has; both understand mkisofs' options. */
const makers = [
  { program: 'xorriso', before: ['-as', 'mkisofs'] },
  { program: 'genisoimage', before: [] },
] as const;

/** One moment for every seed, so that the same files make the same image (with xorriso; genisoimage dates it anyway). */
const pinnedSeconds = '1767225600';

export function createSeedWriter(tools: StorageTools, files: Files): SeedWriter {
  let chosen: (typeof makers)[number] | null = null;
  const choose = async (): Promise<(typeof makers)[number]> => {
    for (const maker of makers) {
      if (await tools.succeeds(maker.program, ['-version'])) return maker;
    }
    throw new KreError({
      code: 'ProgramMissing',
      message: 'neither xorriso nor genisoimage is installed, so no seed can be made',
      hint: 'Install one of them, for example the package xorriso.',
      disposition: 'stalled',
    });
  };
  const writeAll = async (folder: string, seed: SeedFiles): Promise<void> => {
    const contents = { 'user-data': seed.userData, 'meta-data': seed.metaData, 'network-config': seed.networkConfig };
    for (const [name, content] of Object.entries(contents)) await files.write(`${folder}/${name}`, content);
    const dated = [folder, ...Object.keys(contents).map((name) => `${folder}/${name}`)];
    await tools.run('touch', ['-d', `@${pinnedSeconds}`, ...dated], 'date the files of a seed');
  };
  return {
    write: async (path, seed) => {
      chosen ??= await choose();
      const { program, before } = chosen;
      const folder = `${path}.files`;
      const unfinished = `${path}.new`;
      await files.removeFolder(folder);
      await files.ensureFolder(folder, 0o700);
      try {
        await writeAll(folder, seed);
        await files.write(unfinished, '', { mode: 0o600 });
        const options = ['-quiet', '-volid', 'cidata', '-joliet', '-rational-rock', '-output', unfinished, folder];
        const env = { SOURCE_DATE_EPOCH: pinnedSeconds };
        await tools.run(program, [...before, ...options], `make the seed ${path}`, { env });
        await tools.run('sync', [unfinished], `write ${path} to the disk`);
        await files.rename(unfinished, path);
      } finally {
        await files.removeFolder(folder);
      }
    },
  };
}
