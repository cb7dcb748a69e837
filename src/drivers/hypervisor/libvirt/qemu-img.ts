import { KreError } from '../../../model/error.ts';
import type { Files } from '../../../model/ports.ts';
import type { StorageTools } from './tools.ts';

/** What a disk image's header says. */
export interface ImageHeader {
  readonly format: string;
  readonly virtualSizeBytes: number;
  readonly backingFile: string | null;
  readonly dataFile: string | null;
}

/** The size of new things and where they come from. */
export interface DiskTools {
  /** Reads the header without locking, also of a disk in use. */
  inspect(path: string): Promise<ImageHeader>;
  /** A thin overlay of at least `sizeMiB`, whose header names the format of what it lies on. */
  createOverlay(
    path: string,
    image: { readonly path: string; readonly format: string },
    sizeMiB: number,
  ): Promise<void>;
  createBlank(path: string, sizeMiB: number): Promise<void>;
  /** Of a disk that nobody uses. */
  resize(path: string, sizeMiB: number): Promise<void>;
}

/** New disks get their name only when they are whole, and are readable by their owner alone: libvirt gives them to QEMU. */
export function createDiskTools(tools: StorageTools, files: Files): DiskTools {
  const create = async (path: string, options: readonly string[], sizeMiB: number): Promise<void> => {
    const unfinished = `${path}.new`;
    await files.write(unfinished, '', { mode: 0o600 });
    await tools.run('qemu-img', ['create', '-q', '-f', 'qcow2', ...options, unfinished, `${sizeMiB}M`], `make ${path}`);
    await tools.run('sync', [unfinished], `write ${path} to the disk`);
    await files.rename(unfinished, path);
  };
  return {
    inspect: async (path) => {
      const json = await tools.run('qemu-img', ['info', '-U', '--output=json', path], `read the header of ${path}`);
      return parseHeader(path, json);
    },
    createOverlay: (path, image, sizeMiB) => create(path, ['-b', image.path, '-F', image.format], sizeMiB),
    createBlank: (path, sizeMiB) => create(path, [], sizeMiB),
    resize: async (path, sizeMiB) => {
      await tools.run('qemu-img', ['resize', '-q', '-f', 'qcow2', path, `${sizeMiB}M`], `grow ${path}`);
    },
  };
}

function parseHeader(path: string, json: string): ImageHeader {
  try {
    const info = JSON.parse(json);
    const size: unknown = info['virtual-size'];
    if (typeof size !== 'number' || typeof info.format !== 'string') throw new Error('size or format is missing');
    return {
      format: info.format,
      virtualSizeBytes: size,
      backingFile: info['backing-filename'] ?? null,
      dataFile: info['format-specific']?.data?.['data-file'] ?? null,
    };
  } catch (cause) {
    throw new KreError({
      code: 'ImageFormat',
      message: `the header of ${path} could not be read`,
      hint: `See what qemu-img info ${path} says.`,
      disposition: 'stalled',
      cause,
    });
  }
}
