import type { GuestReader } from '../drivers/guest/guest.ts';
import type { MachineRef } from '../drivers/hypervisor/hypervisor.ts';
import { toKreError } from '../model/error.ts';
import type { GuestStatus } from '../model/guest-status.ts';
import type { Domain, Reading } from '../model/observed.ts';
import type { Clock } from '../model/ports.ts';

/** At rest a guest is read this often. */
const RESTING_MS = 30_000;
/** A guest that is slow to answer gets at most this long a rest; its readings must stay fresh enough to act on. */
const LONGEST_REST_MS = 15_000;

/**
 * Readings of guests, taken beside the passes: a pass uses what is there and never waits for a guest. The driver itself keeps to one call per
 * guest and eight guests at a time.
 */
export interface Readings {
  /** What is known now; by machine name. */
  current(): Readonly<Record<string, Reading<GuestStatus>>>;
  /** Begins to read every connected guest whose reading is older than its cadence, and forgets guests that do not run. */
  refresh(domains: readonly Domain[], owner: string): void;
  /** From now on this guest is read when its reading is older than `maxAgeMs`, until `expect` says otherwise. */
  expect(cadence: Readonly<Record<string, number>>): void;
  /** The next `refresh` reads this guest: it has connected, or something was done in it. */
  outdate(machine: string): void;
  /** Resolves when no reading is under way. */
  settled(): Promise<void>;
}

/** `onRead` is called after each reading, so that the loop can look again. */
export function createReadings(guest: GuestReader, clock: Clock, onRead: (machine: string) => void): Readings {
  const readings = new Map<string, Reading<GuestStatus>>();
  const underWay = new Map<string, Promise<void>>();
  const outdated = new Set<string>();
  /** By machine: not before this time, so that being read takes at most half of a busy guest's time. */
  const rests = new Map<string, number>();
  /** Guests that were seen off while they were being asked: the answer is of another boot. */
  const gone = new Set<string>();
  let cadence: Readonly<Record<string, number>> = {};
  const take = async (machine: MachineRef): Promise<void> => {
    // What it tells is no younger than the question.
    const atMs = clock.now();
    try {
      const value = await guest.status(machine);
      if (!gone.has(machine.name)) readings.set(machine.name, { known: true, value, atMs });
    } catch (thrown) {
      const last = readings.get(machine.name);
      const reason = toKreError(thrown).message;
      // An old reading stays as it is: its age tells that it is old.
      if (!last?.known && !gone.has(machine.name))
        readings.set(machine.name, { known: false, reason, atMs: clock.now() });
    } finally {
      rests.set(machine.name, clock.now() + Math.min(clock.now() - atMs, LONGEST_REST_MS));
      gone.delete(machine.name);
      underWay.delete(machine.name);
    }
    onRead(machine.name);
  };
  return {
    current: () => Object.fromEntries(readings),
    refresh(domains) {
      const running = new Set(domains.filter((domain) => domain.state === 'running').map((domain) => domain.name));
      for (const name of [...readings.keys()]) if (!running.has(name)) readings.delete(name);
      for (const name of underWay.keys()) if (!running.has(name)) gone.add(name);
      for (const domain of domains) {
        if (!isReadable(domain) || underWay.has(domain.name)) continue;
        const atMs = readings.get(domain.name)?.atMs ?? null;
        const rested = rests.get(domain.name) ?? 0;
        const isDue = isReadingDue(clock.now(), atMs, cadence[domain.name] ?? RESTING_MS, rested);
        if (!isDue && !outdated.has(domain.name)) continue;
        outdated.delete(domain.name);
        underWay.set(domain.name, take({ name: domain.name, uuid: domain.uuid }));
      }
    },
    expect(next) {
      cadence = next;
    },
    outdate(machine) {
      outdated.add(machine);
    },
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay.values());
    },
  };
}

function isReadable(domain: Domain): boolean {
  return domain.state === 'running' && domain.agent === 'connected' && domain.mark !== null;
}

/** Whether a guest that was read at `atMs` (`null`: never) is asked again; a reading of the future is of before the clock was set back. */
function isReadingDue(nowMs: number, atMs: number | null, maxAgeMs: number, restedAtMs: number): boolean {
  if (atMs === null || atMs > nowMs) return true;
  return nowMs - atMs >= maxAgeMs && nowMs >= restedAtMs;
}
