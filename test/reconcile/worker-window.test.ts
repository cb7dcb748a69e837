import { expect, it } from 'vitest';
import type { Desired } from '../../src/model/desired.ts';
import { desire } from '../../src/reconcile/desire.ts';
import { setFaults } from '../../src/sim/outside.ts';
import { distributions, programs } from './drivers.ts';
import { cluster, options, setOf } from './manifests.ts';
import { createRollout, type Rollout } from './rollout.ts';

const recipes = { k3s: distributions.k3s.recipe, kubeadm: distributions.kubeadm.recipe };
const workers = [{ name: 'general', replicas: 4, machineClass: 'small' }];

function want(revision: string, version: string, maxUnavailable: number): Desired {
  const set = setOf(revision, cluster('dev', { version, workers, upgrade: { maxUnavailable } }));
  return desire(set, recipes, { ...options, programs });
}

/** Workers that cannot take pods now, as the API server sees them. */
async function awayWorkers({ world }: Rollout): Promise<readonly string[]> {
  return world.look(({ state }) =>
    Object.values(state.clusters).flatMap((entry) =>
      Object.entries(entry.nodes)
        .filter(([name, node]) => name.includes('-general-') && (node.unschedulable || !node.ready))
        .map(([name]) => name),
    ),
  );
}

/** The most workers that were away at one time on the way to the revision. */
async function mostAway(rollout: Rollout, desired: Desired, passes: number): Promise<number> {
  let most = 0;
  for (let pass = 0; pass < passes; pass += 1) {
    await rollout.pass(desired);
    most = Math.max(most, (await awayWorkers(rollout)).length);
    const next = await rollout.plan(desired);
    if (next.steps.length === 0 && next.waits.length === 0) return most;
    if (next.steps.some((step) => step.needs.length === 0)) continue;
    const eventAtMs = (await rollout.world.nextEventAtMs()) ?? Number.POSITIVE_INFINITY;
    rollout.clock.moveTo(
      Math.min(eventAtMs, next.lookAgainAtMs ?? Number.POSITIVE_INFINITY, rollout.clock.now() + 60_000),
    );
  }
  return most;
}

it.each([1, 2])('upgrades at most %i workers at a time, until each has come back', async (maxUnavailable) => {
  const rollout = await createRollout();
  await rollout.converge(want('r1', 'v1.35.1+k3s1', maxUnavailable));
  expect(await mostAway(rollout, want('r2', 'v1.36.1+k3s1', maxUnavailable), 300)).toBe(maxUnavailable);
  expect(await awayWorkers(rollout)).toEqual([]);
});

it('takes no other worker away when one fails and goes back', async () => {
  const rollout = await createRollout();
  await rollout.converge(want('r1', 'v1.35.1+k3s1', 1));
  await setFaults(rollout.world, [{ on: 'upgrade', machine: 'dev-general-2', kind: 'fail' }]);
  const desired = want('r2', 'v1.36.1+k3s1', 1);
  expect(await mostAway(rollout, desired, 200)).toBe(1);
  expect(await awayWorkers(rollout)).toEqual([]);
  const { steps, blocks } = await rollout.plan(desired);
  expect(steps.filter((step) => step.needs.length === 0)).toEqual([]);
  expect(blocks.map((block) => [block.target.name, block.guard])).toContainEqual(['dev-general-2', 'Quarantined']);
  expect(blocks.map((block) => [block.target.name, block.guard])).toContainEqual(['dev-general-3', 'RolloutHalted']);
});
