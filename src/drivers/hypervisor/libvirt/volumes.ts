import { KreError } from '../../../model/error.ts';
import type { VirshCommand } from '../../../virsh/batch.ts';
import type { Virsh } from '../../../virsh/virsh.ts';

/**
 * Disks that the agent's user may not open, by way of libvirt, which may: a pool over the disk's folder stands for as long as it is needed.
 * libvirt gives a disk back to its owner when the machine stops, but to root where it cannot note the owner (built without extended attributes
 * as in some releases of Ubuntu, file systems without them, `remember_owner = 0`), and after the host lost power to QEMU's user.
 */
export interface Volumes {
  /** Writes the disk's file, holes as holes, over a file that the agent's user owns. */
  download(disk: Volume, target: string, options: { timeoutMs: number; signal: AbortSignal }): Promise<void>;
  /** The size that a guest sees. */
  sizeBytes(disk: Volume): Promise<number>;
  /** Of a disk that nobody uses. */
  resize(disk: Volume, sizeMiB: number): Promise<void>;
}

/** A file in a machine's folder. The UUID makes the pool's name. */
export interface Volume {
  readonly machineUuid: string;
  readonly folder: string;
  readonly name: string;
}

const shortMs = 30_000;

export function createVolumes(virsh: Virsh): Volumes {
  const ask = async (disk: Volume, command: VirshCommand, options = {}): Promise<string> => {
    const pool = `kreconcile-${disk.machineUuid}-${disk.folder.split('/').at(-1)}`;
    const end = async (): Promise<void> => void (await virsh.run([['pool-destroy', pool]], { timeoutMs: shortMs }));
    await end();
    try {
      await virsh.ask(['pool-create-as', pool, 'dir', '--target', disk.folder], { timeoutMs: shortMs });
      return await virsh.ask([...command, '--pool', pool], { timeoutMs: shortMs, ...options });
    } finally {
      await end();
    }
  };
  return {
    download: async (disk, target, options) =>
      void (await ask(disk, ['vol-download', disk.name, target, '--sparse'], options)),
    sizeBytes: async (disk) => {
      const info = await ask(disk, ['vol-info', disk.name, '--bytes']);
      const bytes = Number(/^Capacity:\s+(\d+)/m.exec(info)?.[1]);
      if (Number.isFinite(bytes)) return bytes;
      throw new KreError({
        code: 'VirshFailed',
        message: `libvirt did not tell the size of ${disk.folder}/${disk.name}: ${info}`,
        hint: `See what qemu-img info -U ${disk.folder}/${disk.name} says, as root.`,
        disposition: 'retry',
      });
    },
    resize: async (disk, sizeMiB) => void (await ask(disk, ['vol-resize', disk.name, `${sizeMiB}MiB`])),
  };
}

/** As `work`; what the agent's user may not open is done `instead`. */
export async function orThroughLibvirt<T>(work: () => Promise<T>, instead: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof KreError) || thrown.code !== 'StoragePermission') throw thrown;
    return await instead();
  }
}
