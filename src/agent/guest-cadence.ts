import type { GuestStatus } from '../model/guest-status.ts';
import type { Reading } from '../model/observed.ts';
import type { Plan } from '../model/plan.ts';

/** By machine: how old its reading may get, ms, because a wait that runs is ended by it. */
export function cadenceOf(plan: Plan): Readonly<Record<string, number>> {
  const cadence: Record<string, number> = {};
  for (const wait of plan.waits) {
    if (wait.guest === null || wait.needs.length > 0) continue;
    cadence[wait.guest] = Math.min(cadence[wait.guest] ?? wait.pollMs, wait.pollMs);
  }
  return cadence;
}

/** Judges whether a reading is worth a pass: it says something new, or somebody waits for it. */
export interface ReadingFilter {
  /** The guests that somebody waits for, from now on. */
  await(machines: readonly string[]): void;
  isNews(machine: string, reading: Reading<GuestStatus> | undefined): boolean;
}

export function createReadingFilter(): ReadingFilter {
  const seen = new Map<string, string>();
  let awaited: ReadonlySet<string> = new Set();
  return {
    await(machines) {
      awaited = new Set(machines);
    },
    isNews(machine, reading) {
      const present = digestOf(reading);
      const isNew = seen.get(machine) !== present;
      seen.set(machine, present);
      return isNew || awaited.has(machine);
    },
  };
}

/** What changes with each reading though nothing has happened is left out. */
function digestOf(reading: Reading<GuestStatus> | undefined): string {
  if (!reading?.known) return reading?.reason ?? '';
  return JSON.stringify(reading.value, (key, value: unknown) => (key === 'heartbeatAgeMs' ? null : value));
}
