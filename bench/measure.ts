import { loadavg } from 'node:os';

/** The middle of the values; what one busy moment of the machine does to a single run does not count. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Lowest and highest, for the reader to judge the noise by. */
export function spread(values: readonly number[]): string {
  return `${milliseconds(Math.min(...values))} to ${milliseconds(Math.max(...values))}`;
}

/** Milliseconds as people read them: `9.4 ms`, `312 ms`, `1.52 s`. */
export function milliseconds(valueMs: number): string {
  if (valueMs >= 1000) return `${(valueMs / 1000).toFixed(2)} s`;
  return valueMs >= 20 ? `${valueMs.toFixed(0)} ms` : `${valueMs.toFixed(1)} ms`;
}

export function times(ratio: number): string {
  return ratio >= 20 ? `${ratio.toFixed(0)}×` : `${ratio.toFixed(1)}×`;
}

/** Processes that wanted a core in the last minute; other work on the machine shows here. */
export function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}
