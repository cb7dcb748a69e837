import type { OwnLook } from '../cli/context.ts';
import type { Desired } from '../model/desired.ts';
import { toKreError } from '../model/error.ts';
import type { GuestStatus } from '../model/guest-status.ts';
import { EMPTY_LEDGER } from '../model/ledger.ts';
import type { Calendar, Inventory, Reading, Records } from '../model/observed.ts';
import { summarize } from '../publish/summarize.ts';
import { type ObserveParts, observe } from '../reconcile/observe.ts';
import { createReadings, type Readings } from '../reconcile/readings.ts';
import { type Enforced, look } from '../reconcile/reconcile.ts';
import { openCalendar } from './calendar.ts';
import type { Workshop } from './workshop.ts';

/** Guests that have not answered by then are unknown to this look. */
const PATIENCE_MS = 25_000;

type Guests = Readonly<Record<string, Reading<GuestStatus>>>;

/**
 * Looks and plans once, without an agent and without changing anything: one bulk read of the host, which has begun, then
 * every guest that is connected.
 */
export async function lookOnce(
  workshop: Workshop,
  inventory: Promise<Inventory>,
  readSource: () => Promise<Enforced>,
  given: Guests | undefined,
): Promise<OwnLook> {
  const { clock, config, drivers } = workshop;
  const startedAtMs = clock.now();
  const caveats: string[] = [];
  const readings = given ? takenReadings(given) : createReadings(drivers.guest, clock, () => undefined);
  const enforced = await readSource();
  const parts: ObserveParts = {
    hypervisor: { ...drivers.hypervisor, inventory: () => inventory },
    readings,
    records: () => lenient(caveats, workshop.records.read, unreadableRecords),
    operations: () => [],
    clock,
    owner: config.owner,
  };
  const first = await observe(parts);
  await Promise.race([readings.settled(), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS).unref())]);
  const found = await look({
    clock,
    source: () => Promise.resolve(enforced),
    desire: workshop.desire,
    observe: async (desired) => {
      const calendar = desired && (await calendarNow(workshop, desired));
      return { ...first, guests: readings.current(), ...(calendar ? { calendar } : {}) };
    },
    readLedger: () => lenient(caveats, workshop.ledger.read, EMPTY_LEDGER),
  });
  const { world } = found;
  const status = summarize({
    previous: await lenient([], workshop.statusFile.read, null),
    host: config.host,
    nowMs: clock.now(),
    source: enforced.status,
    desired: world?.desired ?? null,
    observed: world?.observed ?? first,
    plan: world?.plan ?? null,
    outcomes: [],
    startedAtMs,
    endedAtMs: clock.now(),
    kubeconfigPath: workshop.kubeconfigs.path,
  });
  return { ...found, status, caveats: [...new Set(caveats)] };
}

/** What schedules, files and commands say; commands are waited for. */
async function calendarNow(workshop: Workshop, desired: Desired): Promise<Calendar> {
  const { clock, config } = workshop;
  const calendar = openCalendar(workshop, () => undefined);
  const first = await calendar.read(desired, clock.now());
  if (config.blockers.every(({ kind }) => kind === 'file')) return first;
  await calendar.settled();
  return calendar.read(desired, clock.now());
}

/** Without the records nothing counts as applied by git, so nothing would be deleted. */
const unreadableRecords: Records = {
  applied: 'lost',
  suspensions: {},
  confirmations: [],
  deleted: [],
  kubeconfigs: [],
  backups: [],
};

/** A state folder that this user may not read is said, and left out. */
async function lenient<T>(caveats: string[], read: () => Promise<T>, instead: T): Promise<T> {
  try {
    return await read();
  } catch (thrown) {
    const error = toKreError(thrown);
    if (error.code !== 'StatePermission') throw error;
    caveats.push(`Left out what the agent remembers and what people decided: ${error.message}.`);
    return instead;
  }
}

function takenReadings(guests: Guests): Readings {
  return {
    current: () => guests,
    refresh: () => undefined,
    expect: () => undefined,
    outdate: () => undefined,
    settled: () => Promise.resolve(),
  };
}
