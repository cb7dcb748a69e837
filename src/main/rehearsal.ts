import { createCalendar } from '../calendar/calendar.ts';
import { createSimGuest } from '../drivers/guest/sim/index.ts';
import { createSimHypervisor } from '../drivers/hypervisor/sim/index.ts';
import type { Ledger } from '../model/ledger.ts';
import type { ManifestSet } from '../model/manifest.ts';
import type { Calendar } from '../model/observed.ts';
import type { VirtualClock } from '../sim/virtual-clock.ts';
import type { SimWorld } from '../sim/world.ts';
import type { RehearsalParts } from '../simulate/run.ts';
import type { Drivers } from './drivers.ts';
import { composePasses } from './passes.ts';
import type { Workshop } from './workshop.ts';

/** The simulator's drivers over a world that nobody outside can reach. */
export function simulatedDrivers(world: SimWorld, owner: string): Drivers {
  return {
    hypervisor: createSimHypervisor(world, { owner }),
    guest: createSimGuest(world),
    serve: () => Promise.resolve({ stop: () => Promise.resolve() }),
  };
}

export interface RehearsalScene {
  /** Over the simulated world, on the virtual clock. */
  readonly workshop: Workshop;
  readonly world: SimWorld;
  readonly clock: VirtualClock;
  readonly set: ManifestSet;
  readonly ledger: Ledger;
  /** What holds disruptions back as it was found: nobody is asked again. */
  readonly blockers: Calendar['blockers'];
}

/** The agent's own passes for one revision, as a rehearsal runs them. The ledger stays in memory, and nothing is published. */
export function composeRehearsal(scene: RehearsalScene): Omit<RehearsalParts, 'recorder' | 'limits' | 'signal'> {
  const { workshop, world, clock, set } = scene;
  const read = new Set<string>();
  let isHostChanged = false;
  const enforced = { revision: set.revision, set, folder: '' };
  const keeper = {
    current: () => ({ enforced, attempted: set.revision, problem: null, checkedAtMs: clock.now() }),
  };
  const pokes = {
    guestRead: (machine: string) => void read.add(machine),
    hostChanged: () => {
      isHostChanged = true;
    },
  };
  const calendar = createCalendar({ read: async () => scene.blockers, settled: () => Promise.resolve() });
  const composition = composePasses(workshop, keeper, 'rehearsal', pokes, calendar);
  let { ledger } = scene;
  let hasLooked = false;
  return {
    world,
    clock,
    owner: workshop.config.owner,
    readings: composition.readings,
    settled: composition.settled,
    reconcile: {
      ...composition.reconcile,
      // Where the clock jumps, the agent would have looked all the while.
      readLedger: async () => (hasLooked ? { ...ledger, lookedAtMs: clock.now() } : ledger),
      writeLedger: async (next) => {
        hasLooked = true;
        ledger = next;
      },
      publish: async () => undefined,
    },
    domains: async () => (await workshop.drivers.hypervisor.inventory().catch(() => null))?.domains ?? [],
    takeNews() {
      const taken = { read: [...read].sort(), isHostChanged };
      read.clear();
      isHostChanged = false;
      return taken;
    },
  };
}
