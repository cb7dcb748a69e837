import fc from 'fast-check';
import type { SimFault } from '../../src/sim/fault.ts';
import type { ActPhase } from '../../src/sim/world.ts';
import type { ClusterWish, Edit, Fleet, MachineWish } from './fleet.ts';
import { faults } from './scenario-faults.ts';

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

export type Event =
  | { readonly kind: 'commit'; readonly edit: Edit }
  /** What other people do to one of our machines, by place in the list of domains. */
  | { readonly kind: 'destroy' | 'undefine'; readonly machine: number }
  | { readonly kind: 'reboot-host' | 'lose-ledger' | 'lose-image' }
  | { readonly kind: 'pass-time'; readonly hours: number };

export interface CrashPoint {
  /** Acts of this phase since the end before. */
  readonly after: number;
  readonly phase: ActPhase;
  readonly losesLedger: boolean;
  /** How long nobody starts a new agent. */
  readonly downMs: number;
}

const policies = {
  prune: fc.constantFrom('Enabled' as const, 'Enabled' as const, 'Confirm' as const),
  deletion: fc.constantFrom('Retain' as const, 'Delete' as const),
};
const oftenOn = fc.integer({ min: 0, max: 9 }).map((die) => die > 0);

function clusterWish(isThere: fc.Arbitrary<boolean>): fc.Arbitrary<ClusterWish> {
  return fc.record({
    isThere,
    isOn: oftenOn,
    image: fc.nat(1),
    size: fc.constant(0),
    ...policies,
    distribution: fc.constantFrom('k3s' as const, 'kubeadm' as const),
    version: fc.nat(1),
    workers: fc.constantFrom(0, 1, 1, 2, 3),
    maxUnavailable: fc.constantFrom(1, 1, 2),
  });
}

const machineWish: fc.Arbitrary<MachineWish> = fc.record({
  isThere: fc.boolean(),
  isOn: oftenOn,
  image: fc.nat(1),
  size: fc.constant(0),
  ...policies,
});

const shared = [
  fc.record({ isThere: fc.boolean() }),
  fc.record({ isOn: fc.boolean() }),
  fc.record({ size: fc.nat(3) }),
  fc.record({ image: fc.nat(2) }),
];
const version = fc.record({ version: fc.nat(2) });
const clusterEdit: fc.Arbitrary<Partial<ClusterWish>> = fc.oneof(
  version,
  version,
  fc.record({ version: fc.nat(2), image: fc.nat(2) }),
  fc.record({ workers: fc.nat(3) }),
  fc.record({ maxUnavailable: fc.constantFrom(1, 2) }),
  ...shared,
);
const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ dev: clusterEdit }) },
  { weight: 2, arbitrary: fc.record({ stage: clusterEdit }) },
  { weight: 2, arbitrary: fc.record({ jump: fc.oneof(...shared) }) },
  { weight: 1, arbitrary: fc.record({ dev: clusterEdit, stage: clusterEdit }) },
);
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('commit' as const), edit }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('destroy' as const, 'undefine' as const), machine: fc.nat(7) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('reboot-host' as const, 'lose-ledger' as const, 'lose-image' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('pass-time' as const), hours: fc.integer({ min: 1, max: 50 }) }),
  },
);
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
    const parts = [edits.dev, edits.stage, edits.jump];
    if (parts.some((part) => part?.size !== undefined)) after = null;
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
  return { ...drawn(histories, Math.floor(seed / SEEDS_PER_HISTORY)), crashes: drawn(crashes, seed) };
}

function drawn<T>(arbitrary: fc.Arbitrary<T>, seed: number): T {
  const [value] = fc.sample(arbitrary, { seed, numRuns: 1, unbiased: true });
  if (value === undefined) throw new Error('one value was asked for');
  return value;
}
