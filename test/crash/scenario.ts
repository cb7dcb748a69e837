import fc from 'fast-check';
import type { SimFault } from '../../src/sim/fault.ts';
import type { ActPhase } from '../../src/sim/world.ts';
import type { Fleet } from './fleet.ts';
import { type Event, event, needsRest } from './scenario-events.ts';
import { faults } from './scenario-faults.ts';
import { clusterWish, machineWish } from './scenario-wishes.ts';

/** One generated history: a world and what happens to it. Plain data, so that it prints and can be run again. */
export interface History {
  /** See `AgentHost.readsBeside`. */
  readonly readsBeside: boolean;
  /** The agent looks only when something has happened, not as often as its waits ask it to. */
  readonly isLazy: boolean;
  /** Somebody else's domain bears the name of one of our machines. */
  readonly conflict: string | null;
  readonly fleet: Fleet;
  readonly changes: readonly Change[];
}

/** A history and where the agent ends in it. */
export interface Scenario extends History {
  readonly crashes: readonly CrashPoint[];
}

export interface Change {
  readonly what: Event;
  /** How many acts after the change before it comes; `null`: when that one has come to rest. */
  readonly after: number | null;
  /** What goes wrong from then on, to the next change or to rest. */
  readonly faults: readonly SimFault[];
  /** Where the image or version that is asked for fails, for as long; only of a commit at rest. */
  readonly fails: Phase | null;
}

/** `halfway`: an upgrade that has brought the new API server up when it fails. */
export type Phase = 'boot' | 'apiStart' | 'nodeReady' | 'upgrade' | 'halfway';

export interface CrashPoint {
  /** Acts of this phase since the end before. */
  readonly after: number;
  readonly phase: ActPhase;
  readonly losesLedger: boolean;
  /** How long nobody starts a new agent. */
  readonly downMs: number;
}

const change: fc.Arbitrary<Change> = fc.record({
  what: event,
  after: fc.option(fc.nat(25), { freq: 2, nil: null }),
  faults,
  fails: fc.option(
    fc.constantFrom('boot' as const, 'apiStart' as const, 'nodeReady' as const, 'upgrade' as const, 'halfway' as const),
    { freq: 3, nil: null },
  ),
});
/** Few acts have halves. */
const moment: fc.Arbitrary<Pick<CrashPoint, 'after' | 'phase'>> = fc.oneof(
  fc.record({ after: fc.nat(30), phase: fc.constantFrom('before' as const, 'after' as const) }),
  fc.record({ after: fc.nat(5), phase: fc.constant('within' as const) }),
);
const crash: fc.Arbitrary<CrashPoint> = fc
  .tuple(
    moment,
    fc.record({
      losesLedger: fc.integer({ min: 0, max: 4 }).map((die) => die === 0),
      downMs: fc.constantFrom(0, 0, 5_000, 90_000, 1_800_000),
    }),
  )
  .map(([point, rest]) => ({ ...point, ...rest }));

/**
 * What comes in the middle of something else may not depend on how far that is: an older version or a smaller disk is asked for only at rest, where
 * it is never granted.
 */
function settled(scenario: History): History {
  const latest = { dev: scenario.fleet.dev.version, stage: scenario.fleet.stage.version };
  const changes = scenario.changes.map((entry): Change => {
    const edits = entry.what.kind === 'commit' ? entry.what.edit : {};
    let { after } = entry;
    for (const name of ['dev', 'stage'] as const) {
      const wanted = edits[name]?.version ?? latest[name];
      if (wanted < latest[name]) after = null;
      latest[name] = Math.max(latest[name], wanted);
    }
    if (needsRest(entry.what)) after = null;
    return { ...entry, after, fails: after === null && entry.what.kind === 'commit' ? entry.fails : null };
  });
  return { ...scenario, changes };
}

const histories: fc.Arbitrary<History> = fc
  .record({
    readsBeside: fc.integer({ min: 0, max: 3 }).map((die) => die === 0),
    isLazy: fc.boolean(),
    conflict: fc.integer({ min: 0, max: 19 }).map((die) => (die === 0 ? 'dev-general-1' : null)),
    fleet: fc.record({
      dev: clusterWish(fc.constant(true)),
      stage: clusterWish(fc.integer({ min: 0, max: 3 }).map((die) => die === 0)),
      jump: machineWish,
    }),
    changes: fc.array(change, { minLength: 1, maxLength: 4 }),
  })
  .map(settled);
const crashes = fc.array(crash, { minLength: 1, maxLength: 3 });

/** Seeds that share one history, and so one run without any end of the agent. */
const SEEDS_PER_HISTORY = 4;

/** The history of a seed with one to three ends of the agent: always the same one. */
export function scenarioOf(seed: number): Scenario {
  const number = Math.floor(seed / SEEDS_PER_HISTORY);
  const history = drawn(histories, number);
  const isVetoed = number % WITH_VETO === FIRST_WITH_VETO;
  const changed = number % WITH_QUORUM === WITH_QUORUM - 1 ? withQuorum(history) : history;
  return { ...(isVetoed ? withVeto(changed) : changed), crashes: drawn(crashes, seed) };
}

/** One history in so many has a cluster of three control planes. */
const WITH_QUORUM = 8;

function withQuorum(history: History): History {
  const { dev } = history.fleet;
  return {
    ...history,
    fleet: { ...history.fleet, dev: { ...dev, controlPlanes: 3, workers: Math.min(1, dev.workers) } },
  };
}

/** In one history in so many a guest vetoes when its machine is to be changed, which chance alone hardly ever brings about. */
const WITH_VETO = 32;
const FIRST_WITH_VETO = 9;

function withVeto(history: History): History {
  const image = (history.fleet.dev.image + 1) % 3;
  const calm = { faults: [], fails: null };
  const veto: Change = { ...calm, what: { kind: 'veto', machine: 0 }, after: null };
  const commit: Change = { ...calm, what: { kind: 'commit', edit: { dev: { image } } }, after: 0 };
  return { ...history, changes: [veto, commit, ...history.changes.slice(0, 2)] };
}

function drawn<T>(arbitrary: fc.Arbitrary<T>, seed: number): T {
  const [value] = fc.sample(arbitrary, { seed, numRuns: 1, unbiased: true });
  if (value === undefined) throw new Error('one value was asked for');
  return value;
}
