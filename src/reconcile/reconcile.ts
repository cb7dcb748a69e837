import type { Desired } from '../model/desired.ts';
import type { Ledger } from '../model/ledger.ts';
import type { ManifestSet } from '../model/manifest.ts';
import type { Observed } from '../model/observed.ts';
import type { Outcome } from '../model/plan.ts';
import type { Clock } from '../model/ports.ts';
import type { Enforced, Look, PassResult, World } from './pass.ts';
import { plan } from './plan/index.ts';
import { forgetBeginning, remember, rememberBeginning } from './remember.ts';

export type { Enforced, Look, PassResult, World } from './pass.ts';

/** What a pass is made of; the composition root hands in the real parts, tests and the simulator theirs. */
export interface ReconcileParts {
  readonly clock: Clock;
  readonly source: () => Promise<Enforced>;
  readonly desire: (set: ManifestSet) => Desired;
  readonly observe: (desired: Desired | null) => Promise<Observed>;
  readonly readLedger: () => Promise<Ledger>;
  readonly writeLedger: (ledger: Ledger) => Promise<void>;
  /** Adds the desired objects to the list of applied ones, before anything is done for them. */
  readonly recordApplied: (desired: Desired) => Promise<void>;
  readonly execute: (
    world: World,
    beginning: (stepIds: readonly string[]) => Promise<void>,
    signal: AbortSignal,
  ) => Promise<readonly Outcome[]>;
  readonly publish: (result: PassResult) => Promise<void>;
}

/** Looks and plans, and changes nothing: what `kreconcile plan` does, and the first half of every pass. */
export async function look(
  parts: Omit<ReconcileParts, 'execute' | 'publish' | 'writeLedger' | 'recordApplied'>,
): Promise<Look> {
  const { set, status } = await parts.source();
  const desired = set === null ? null : parts.desire(set);
  const [observed, ledger] = await Promise.all([parts.observe(desired), parts.readLedger()]);
  const world =
    desired === null ? null : { desired, observed, plan: plan(desired, observed, ledger, parts.clock.now()) };
  return { source: status, world, ledger };
}

/** One pass: observe, plan, run the front of the plan, remember, publish. It never sleeps and never waits for a guest. */
export async function reconcile(parts: ReconcileParts, signal: AbortSignal): Promise<PassResult> {
  const startedAtMs = parts.clock.now();
  const { source, world, ledger } = await look(parts);
  let outcomes: readonly Outcome[] = [];
  if (world !== null) {
    if (world.observed.inventory.known) await parts.recordApplied(world.desired);
    const known = remember(ledger, world.plan, [], parts.clock.now());
    let begun = known;
    let noted: readonly string[] = [];
    outcomes = await parts.execute(
      world,
      async (stepIds) => {
        noted = stepIds;
        begun = rememberBeginning(known, world.plan, stepIds, parts.clock.now());
        await parts.writeLedger(begun);
      },
      signal,
    );
    const isRun = (id: string) => outcomes.some(({ step }) => step === id);
    begun = forgetBeginning(
      begun,
      known,
      noted.filter((id) => !isRun(id)),
    );
    await parts.writeLedger(remember(begun, world.plan, outcomes, parts.clock.now()));
  }
  const result: PassResult = { source, world, outcomes, ledger, startedAtMs, endedAtMs: parts.clock.now() };
  await parts.publish(result);
  return result;
}
