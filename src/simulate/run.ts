import { cadenceOf, createReadingFilter, type ReadingFilter } from '../agent/guest-cadence.ts';
import { createRhythm } from '../agent/rhythm.ts';
import type { Domain } from '../model/observed.ts';
import type { Readings } from '../reconcile/readings.ts';
import { type ReconcileParts, reconcile } from '../reconcile/reconcile.ts';
import type { VirtualClock } from '../sim/virtual-clock.ts';
import type { SimWorld } from '../sim/world.ts';
import { createPace } from './pace.ts';
import { createCircleFinder, createHeldWatch, type Limits, restOf } from './rest.ts';
import type { Recorder, Rest } from './timeline/recorder.ts';
import { sampleWorld } from './timeline/sample.ts';

/** The real loop, composed over a simulated world. */
export interface RehearsalParts {
  readonly world: SimWorld;
  readonly clock: VirtualClock;
  readonly owner: string;
  readonly reconcile: ReconcileParts;
  readonly readings: Readings;
  /** What the hypervisor shows; empty while it does not answer. */
  readonly domains: () => Promise<readonly Domain[]>;
  /** Resolves when nothing runs beside the passes: no reading, no copy of a backup. */
  readonly settled: () => Promise<void>;
  /** What ran beside the passes since this was last asked: guests that were read, and whether an operation of this host ended. */
  readonly takeNews: () => { readonly read: readonly string[]; readonly isHostChanged: boolean };
  readonly recorder: Recorder;
  readonly limits: Limits;
  /** Aborts the rehearsal, which is unsettled then. */
  readonly signal: AbortSignal;
}

/** The agent's own rest between two passes. */
const BREATH_MS = 50;

/** Runs passes, moving the clock to what happens next, until nothing is left to do or nothing moves any more. */
export async function rehearse(parts: RehearsalParts): Promise<Rest> {
  const { clock, recorder, limits } = parts;
  const beganAtMs = clock.now();
  const filter = createReadingFilter();
  const rhythm = createRhythm();
  const pace = createPace();
  const circle = createCircleFinder(limits);
  const heldSince = createHeldWatch();
  const surroundings = watchSurroundings(parts, filter);
  try {
    for (let passes = 0; passes < limits.mostPasses && !parts.signal.aborted; passes += 1) {
      await surroundings.look();
      await surroundings.readGuests();
      const result = await reconcile(parts.reconcile, parts.signal);
      await parts.settled();
      recorder.pass(result);
      await surroundings.look();
      const plan = result.world?.plan ?? null;
      const cadence = plan ? cadenceOf(plan) : {};
      parts.readings.expect(cadence);
      filter.await(Object.keys(cadence));
      const isAsked = surroundings.isAsked();
      const isMoving = isAsked || result.outcomes.length > 0 || (await parts.world.nextEventAtMs()) !== null;
      pace.note(plan, isMoving, clock.now());
      const stillSinceMs = heldSince(result) ?? pace.stillSinceMs();
      const rest =
        circle(result) ?? restOf(result, await parts.reconcile.readLedger(), stillSinceMs, clock.now(), limits);
      if (rest) return rest;
      if (clock.now() - beganAtMs > limits.longestMs) break;
      const restMs = pace.stretched(rhythm.after(result, clock.now()), plan, clock.now());
      await letPass(parts, surroundings, clock.now() + Math.max(BREATH_MS, isAsked ? 0 : restMs), cadence);
    }
    return {
      kind: 'unsettled',
      reason: parts.signal.aborted ? 'it was stopped' : 'it went on and on',
      atMs: clock.now(),
    };
  } finally {
    surroundings.stop();
  }
}

/** Moves the clock to `untilMs`, or to where something asks for a pass; readings that a wait needs are taken on the way. */
async function letPass(
  { world, clock }: RehearsalParts,
  surroundings: Surroundings,
  untilMs: number,
  cadence: Readonly<Record<string, number>>,
): Promise<void> {
  const everyMs = Math.min(...Object.values(cadence), Number.POSITIVE_INFINITY);
  const earliestMs = clock.now() + BREATH_MS;
  let readMs = clock.now() + everyMs;
  while (clock.now() < untilMs) {
    const eventAtMs = (await world.nextEventAtMs()) ?? Number.POSITIVE_INFINITY;
    clock.moveTo(Math.max(clock.now() + 1, Math.min(untilMs, eventAtMs, readMs)));
    await surroundings.look();
    if (clock.now() >= readMs) {
      readMs = clock.now() + everyMs;
      await surroundings.readGuests();
    }
    if (surroundings.isAsked()) return clock.moveTo(earliestMs);
  }
}

/** What goes on beside the passes, and may ask for one. */
interface Surroundings {
  look(): Promise<void>;
  readGuests(): Promise<void>;
  /** Whether a pass was asked for since this was last called. */
  isAsked(): boolean;
  stop(): void;
}

function watchSurroundings(parts: RehearsalParts, filter: ReadingFilter): Surroundings {
  const { world, readings, recorder, owner } = parts;
  let isAsked = false;
  const watch = world.watch(({ kind, machine }) => {
    if (kind === 'agent-connected' && machine !== null) readings.outdate(machine);
    isAsked = true;
  });
  const takeNews = (): void => {
    const { read, isHostChanged } = parts.takeNews();
    for (const machine of read) if (filter.isNews(machine, readings.current()[machine])) isAsked = true;
    if (isHostChanged) isAsked = true;
  };
  return {
    look: async () => recorder.sample(await world.look(({ state }) => sampleWorld(state, owner))),
    async readGuests() {
      readings.refresh(await parts.domains(), owner);
      await parts.settled();
      takeNews();
    },
    isAsked() {
      takeNews();
      const was = isAsked;
      isAsked = false;
      return was;
    },
    stop: () => watch.stop(),
  };
}
