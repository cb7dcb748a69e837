import { expect, it } from 'vitest';
import type { Desired } from '../../src/model/desired.ts';
import { desire } from '../../src/reconcile/desire.ts';
import { setFaults, undefineDomain } from '../../src/sim/outside.ts';
import { distributions, programs } from './drivers.ts';
import { IMAGES, untilPlanned, wish } from './lifecycle.ts';
import { cluster, options, setOf } from './manifests.ts';
import { createRollout, type Rollout } from './rollout.ts';

const recipes = { k3s: distributions.k3s.recipe, kubeadm: distributions.kubeadm.recipe };
const workers = [{ name: 'general', replicas: 4, machineClass: 'small' }];

function want(revision: string, version: string, maxUnavailable: number): Desired {
  const set = setOf(revision, cluster('dev', { version, workers, upgrade: { maxUnavailable } }));
  return desire(set, recipes, { ...options, programs });
}

/** Workers that cannot take pods now, whether the API server knows it already or not. */
async function awayWorkers({ world }: Rollout): Promise<readonly string[]> {
  return world.look(({ state }) => {
    const serves = (uuid: string) => state.domains[uuid]?.run?.serviceActive === true;
    return Object.values(state.clusters).flatMap((entry) =>
      Object.entries(entry.nodes)
        .filter(([name]) => name.includes('-general-'))
        .filter(([, node]) => node.unschedulable || !node.ready || !serves(node.machine))
        .map(([name]) => name),
    );
  });
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

it('counts a worker as away that was just made anew and that the API server still calls Ready', async () => {
  const rollout = await createRollout();
  await rollout.converge(wish({ revision: 'r1', spec: { workers } }));
  const desired = wish({ revision: 'r2', image: IMAGES.good, spec: { workers } });
  await untilPlanned(rollout, desired, 'machine/dev-general-1/recreate/cordon');
  for (
    let passes = 0;
    (await rollout.plan(desired)).steps[0]?.id !== 'machine/dev-cp-1/recreate/uncordon';
    passes += 1
  ) {
    expect(passes).toBeLessThan(200);
    await rollout.pass(desired);
    rollout.clock.advance(1_000);
  }
  await undefineDomain(rollout.world, 'dev-general-4');
  expect(await mostAway(rollout, desired, 400)).toBe(1);
  expect(await awayWorkers(rollout)).toEqual([]);
});
