import type { Desired } from '../../src/model/desired.ts';
import { EMPTY_LEDGER } from '../../src/model/ledger.ts';
import type { Observed } from '../../src/model/observed.ts';
import type { Plan } from '../../src/model/plan.ts';
import { look, reconcile } from '../../src/reconcile/reconcile.ts';
import type { WorldSettings } from '../../src/sim/new-world.ts';
import { openSimWorld } from '../../src/sim/open.ts';
import { createVirtualClock, type VirtualClock } from '../../src/sim/virtual-clock.ts';
import { type AgentHost, type Engine, meetAct, startAgent } from './rollout-agent.ts';

export { Crash, type Disk, type Engine, type OutwardAct } from './rollout-agent.ts';

/** An agent on a simulated host with a virtual clock: the real loop without the real time. Its `disk` survives it. */
export interface Rollout extends Omit<AgentHost, 'isOver'> {
  /** Ids of steps in the order in which they were done, since the start. */
  readonly done: string[];
  plan(desired: Desired): Promise<Plan>;
  observe(): Promise<Observed>;
  /** One pass; a `Crash` in it ends the agent and a new one is there for the next pass. Returns whether it crashed. */
  pass(desired: Desired): Promise<boolean>;
  /** One pass, with the plan whose front it ran. */
  turn(desired: Desired): Promise<{ readonly crashed: boolean; readonly plan: Plan }>;
  /** Passes until nothing is left to do or to wait for; returns the last plan. Throws after `mostPasses`. `each` is called after each of them. */
  converge(desired: Desired, mostPasses?: number, each?: () => Promise<void>): Promise<Plan>;
}

export interface RolloutOptions extends WorldSettings {
  readonly clock?: VirtualClock;
  readonly engine?: Engine;
  /** See `AgentHost`; default: readings are taken at once. */
  readonly readsBeside?: boolean;
}

export async function createRollout(options: RolloutOptions = {}): Promise<Rollout> {
  const { clock = createVirtualClock(), engine = {}, readsBeside = false, ...settings } = options;
  const host: AgentHost = {
    world: await openSimWorld('sim://memory', { seed: 'rollout', ...settings, clock }),
    clock,
    disk: {
      ledger: EMPTY_LEDGER,
      kubeconfigs: {},
      backups: new Map(),
      records: { applied: [], suspensions: {}, confirmations: [], deleted: [], kubeconfigs: [], backups: [] },
    },
    engine,
    readsBeside,
    done: [],
    failed: [],
    isOver: false,
    blockers: {},
    skewMs: 0,
    onAct: null,
  };
  host.world.onAct = (act, phase) => meetAct(host, act, phase);
  let agent = startAgent(host);

  async function plan(desired: Desired): Promise<Plan> {
    const { world: found } = await look(agent.parts(desired));
    if (!found) throw new Error('the rollout always has a desired state');
    return found.plan;
  }
  async function turn(desired: Desired): Promise<{ crashed: boolean; plan: Plan }> {
    const { world: found } = await reconcile(agent.parts(desired), new AbortController().signal);
    await agent.settled();
    if (!found) throw new Error('the rollout always has a desired state');
    if (!host.isOver) return { crashed: false, plan: found.plan };
    host.isOver = false;
    agent = startAgent(host);
    return { crashed: true, plan: found.plan };
  }
  const pass = async (desired: Desired): Promise<boolean> => (await turn(desired)).crashed;
  async function converge(desired: Desired, mostPasses = 1_200, each?: () => Promise<void>): Promise<Plan> {
    for (let passes = 0; passes < mostPasses; passes += 1) {
      await pass(desired);
      await each?.();
      const next = await plan(desired);
      const isReady = next.steps.some((step) => step.needs.length === 0);
      const isWaiting = next.waits.some((wait) => wait.needs.length === 0);
      if (!isReady && !isWaiting) return next;
      if (isReady) continue;
      const eventAtMs = await host.world.nextEventAtMs();
      const lookAtMs = (next.lookAgainAtMs ?? Number.POSITIVE_INFINITY) - host.skewMs;
      clock.moveTo(Math.max(clock.now() + 1, Math.min(eventAtMs ?? Number.POSITIVE_INFINITY, lookAtMs)));
    }
    const stuck = await plan(desired);
    throw new Error(
      `not at rest after ${mostPasses} passes: ${JSON.stringify({ steps: stuck.steps.map((s) => [s.id, s.needs]), waits: stuck.waits.map((w) => [w.id, w.detail]), failed: host.failed.slice(-5) })}`,
    );
  }
  return Object.assign(host, { plan, observe: () => agent.observe(), pass, turn, converge });
}
