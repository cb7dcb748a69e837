import { KreError } from '../../../model/error.ts';
import type { FileStat, Files } from '../../../model/ports.ts';
import type { MachineRef } from '../hypervisor.ts';
import type { LongWork, ReportProgress } from './host-operations.ts';
import { type Layout, stateDiskName } from './layout.ts';
import { isSameDisk, readDiskStat } from './state-files.ts';
import { storageFull } from './storage-files.ts';
import type { StorageTools } from './tools.ts';
import { orThroughLibvirt, type Volumes } from './volumes.ts';

export interface CopyParts {
  readonly layout: Layout;
  readonly files: Files;
  readonly tools: StorageTools;
  readonly volumes: Volumes;
}

/** A whole copy takes this long at most: 1 TiB at 50 MiB/s. */
const copyTimeoutMs = 6 * 3_600_000;
const progressEveryMs = 1_000;
/** Left free for the thin disks of the machines that run: libvirt pauses a machine whose disk cannot grow. */
const reserveBytes = 512 * 2 ** 20;

/** The id under which the inventory shows the copying. */
export function copyId(machine: MachineRef, generation: number): string {
  return `copy-state-${machine.name}-${generation}`;
}

/** Whether an operation copies the state disk of this machine. */
export function isCopyOf(machine: MachineRef): (id: string) => boolean {
  const beginning = `copy-state-${machine.name}-`;
  return (id) => id.startsWith(beginning) && /^\d+$/.test(id.slice(beginning.length));
}

/**
 * Copies the state disk of a machine that is off, under another name until it is whole and on the disk; its time of last change goes along,
 * by which a later reading tells whether the disk was written since. `assertOff` is asked once more at the end.
 */
export function copyStateDisk(
  parts: CopyParts,
  machine: MachineRef,
  generation: number,
  assertOff: () => Promise<void>,
): LongWork {
  const { layout, files, tools } = parts;
  const source = layout.stateDisk(machine.name);
  const target = layout.stateCopy(machine.name, generation);
  const unfinished = `${target}.new`;
  return async (report, signal) => {
    const before = await readDiskStat(files, source);
    if (before === null) throw copyRefused(machine, 'it is gone');
    // A stale copy is worth nothing beside the disk itself, and takes its room. A program that outlived an agent goes on into a file without a name.
    await files.removeFile(target);
    await files.removeFile(unfinished);
    try {
      await files.write(unfinished, '', { mode: 0o600 });
      await fill(parts, machine, { source, unfinished, before, report, signal });
      await tools.run('touch', ['-r', source, unfinished], `date ${unfinished}`);
      await tools.run('sync', [unfinished], `write ${target} to the disk`, { timeoutMs: copyTimeoutMs, signal });
      await assertOff();
      const after = await readDiskStat(files, source);
      if (!after || !isSameDisk(before, after)) throw copyRefused(machine, 'it was written while it was copied');
      if (signal.aborted) throw copyRefused(machine, 'the disk is wanted for something else');
      await files.rename(unfinished, target);
    } catch (thrown) {
      await files.removeFile(unfinished);
      throw thrown;
    }
    return 'copied';
  };
}

interface Filling {
  readonly source: string;
  readonly unfinished: string;
  readonly before: FileStat;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

/** As a clone that shares its blocks where the file system can do that, which takes no time and no room; else byte by byte. */
async function fill(parts: CopyParts, machine: MachineRef, filling: Filling): Promise<void> {
  const { files, layout, tools, volumes } = parts;
  const { source, unfinished, before, report, signal } = filling;
  report(null, 'copying the state disk');
  if (await tools.succeeds('cp', ['--reflink=always', source, unfinished])) return;
  const freeBytes = await files.freeBytes(layout.root);
  const neededBytes = before.allocatedBytes + reserveBytes;
  if (freeBytes < neededBytes) throw noRoom(machine, before.allocatedBytes, freeBytes);
  const watching = setInterval(() => void reportSize(files, filling), progressEveryMs);
  const options = { timeoutMs: copyTimeoutMs, signal };
  const what = `copy the state disk of ${machine.name}`;
  const disk = { machineUuid: machine.uuid, folder: layout.machine(machine.name), name: stateDiskName };
  try {
    await orThroughLibvirt(
      async () => void (await tools.run('cp', ['--reflink=auto', source, unfinished], what, options)),
      () => volumes.download(disk, unfinished, options),
    );
  } finally {
    clearInterval(watching);
  }
}

async function reportSize(files: Files, { unfinished, before, report }: Filling): Promise<void> {
  const stat = await files.stat(unfinished).catch(() => null);
  if (!stat || before.sizeBytes === 0) return;
  const done = Math.min(1, stat.sizeBytes / before.sizeBytes);
  report(done, `${mebibytes(stat.sizeBytes)} of ${mebibytes(before.sizeBytes)} MiB copied`);
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}

function noRoom(machine: MachineRef, diskBytes: number, freeBytes: number): KreError {
  return storageFull(
    `no room to copy the state disk of ${machine.name}: it takes ${mebibytes(diskBytes)} MiB, ${mebibytes(freeBytes)} MiB are free and ${mebibytes(reserveBytes)} MiB of them are left to running machines`,
  );
}

function copyRefused(machine: MachineRef, why: string): KreError {
  return new KreError({
    code: 'VirshFailed',
    message: `the state disk of ${machine.name} was not copied: ${why}`,
    hint: 'The next pass sees what is there and plans anew.',
    disposition: 'retry',
  });
}
