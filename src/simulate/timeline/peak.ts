import type { HostPeak } from '../../model/simulation.ts';
import type { Sample } from './sample.ts';

/** The worst moment of the host. Times count from the start. */
export interface PeakLog {
  add(sample: Sample, atMs: number): void;
  peak(host: { readonly memoryMiB: number; readonly freeDiskMiB: number }): HostPeak;
}

export function createPeakLog(): PeakLog {
  let first: Sample | null = null;
  let memory = { peakMiB: 0, atMs: 0 };
  let disk = { grownMiB: 0, atMs: 0 };
  return {
    add(sample, atMs) {
      first ??= sample;
      if (sample.memoryMiB > memory.peakMiB) memory = { peakMiB: sample.memoryMiB, atMs };
      const grownMiB = sample.diskMiB - first.diskMiB;
      if (grownMiB > disk.grownMiB) disk = { grownMiB, atMs };
    },
    peak: ({ memoryMiB, freeDiskMiB }) => ({
      memory: { startMiB: first?.memoryMiB ?? 0, ...memory, hostMiB: memoryMiB },
      disk: { ...disk, freeMiB: freeDiskMiB },
    }),
  };
}
