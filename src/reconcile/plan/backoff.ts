const FIRST_MS = 750;
const LONGEST_MS = 900_000;

/** When an act that failed `count` times in a row, last at `lastAtMs`, may be tried again: 750 ms doubling up to 15 min. */
export function backoffUntilMs(count: number, lastAtMs: number): number {
  return lastAtMs + Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, Math.min(count, 30) - 1));
}
