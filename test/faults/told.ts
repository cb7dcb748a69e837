import { statusText } from '../../src/cli/view/status.ts';
import { createStyle } from '../../src/cli/view/style.ts';
import type { Desired } from '../../src/model/desired.ts';
import type { Plan } from '../../src/model/plan.ts';
import { summarize } from '../../src/publish/summarize.ts';
import type { Rollout } from '../reconcile/rollout.ts';

/** What `kreconcile status` would print after the latest pass. */
export async function told(rollout: Rollout, desired: Desired, plan: Plan): Promise<string> {
  const nowMs = rollout.clock.now() + rollout.skewMs;
  const { revision } = desired;
  const status = summarize({
    previous: null,
    host: 'host-1',
    nowMs,
    source: {
      url: 'test',
      lastGoodRevision: revision,
      lastAttemptedRevision: revision,
      problem: null,
      checkedAtMs: nowMs,
    },
    desired,
    observed: await rollout.observe(),
    plan,
    outcomes: [],
    startedAtMs: nowMs,
    endedAtMs: nowMs,
    kubeconfigPath: (cluster) => `/${cluster}`,
  });
  return statusText(status, createStyle(false));
}

/** Passes for a while, as a user would watch them; the last status. */
export async function watched(rollout: Rollout, desired: Desired, forMs: number): Promise<string> {
  const endMs = rollout.clock.now() + forMs;
  for (let passes = 0; passes < 400; passes += 1) {
    const { plan } = await rollout.turn(desired);
    if (rollout.clock.now() >= endMs) return told(rollout, desired, plan);
    rollout.clock.advance(100);
    if (plan.steps.some((step) => step.needs.length === 0)) continue;
    const eventAtMs = (await rollout.world.nextEventAtMs()) ?? Number.POSITIVE_INFINITY;
    const lookAtMs = (plan.lookAgainAtMs ?? Number.POSITIVE_INFINITY) - rollout.skewMs;
    const atMs = Math.max(rollout.clock.now(), Math.min(eventAtMs, Math.max(lookAtMs, rollout.clock.now() + 10_000)));
    rollout.clock.moveTo(Math.min(endMs, atMs));
  }
  throw new Error('the time to watch never passes');
}
