import type { HypervisorReader } from '../drivers/hypervisor/hypervisor.ts';
import { toKreError } from '../model/error.ts';
import type { Calendar, HostOperation, Inventory, Observed, Reading, Records } from '../model/observed.ts';
import type { Clock } from '../model/ports.ts';
import type { Readings } from './readings.ts';

/** What observing asks. None of it can change anything. */
export interface ObserveParts {
  readonly hypervisor: HypervisorReader;
  readonly readings: Readings;
  readonly records: () => Promise<Records>;
  /** Operations on this host that are not the hypervisor's own (copies out of guests). */
  readonly operations: () => readonly HostOperation[];
  readonly clock: Clock;
  readonly owner: string;
  /** What schedules, files and commands say now; without it nobody asks them. */
  readonly calendar?: () => Promise<Calendar>;
}

/** Reads the hypervisor in bulk, and takes what is known of guests and records. An unreachable hypervisor is a reading, not an error. */
export async function observe(parts: ObserveParts): Promise<Observed> {
  const [inventory, records, calendar] = await Promise.all([readInventory(parts), parts.records(), parts.calendar?.()]);
  if (inventory.known) parts.readings.refresh(inventory.value.domains, parts.owner);
  return { inventory, guests: parts.readings.current(), records, ...(calendar ? { calendar } : {}) };
}

async function readInventory(parts: ObserveParts): Promise<Reading<Inventory>> {
  try {
    const inventory = await parts.hypervisor.inventory();
    const operations = [...inventory.operations, ...parts.operations()];
    return { known: true, value: { ...inventory, operations }, atMs: parts.clock.now() };
  } catch (thrown) {
    const { message, code, hint } = toKreError(thrown);
    return { known: false, reason: message, atMs: parts.clock.now(), error: { code, hint } };
  }
}
