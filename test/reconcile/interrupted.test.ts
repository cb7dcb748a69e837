import { expect, it } from 'vitest';
import type { Desired } from '../../src/model/desired.ts';
import { EMPTY_LEDGER } from '../../src/model/ledger.ts';
import { desire } from '../../src/reconcile/desire.ts';
import { rebootHost } from '../../src/sim/outside.ts';
import { distributions, programs } from './drivers.ts';
import { cluster, options, setOf } from './manifests.ts';
import { picture } from './picture.ts';
import { createRollout, type Rollout } from './rollout.ts';

/** Upgrades that something comes in between of, at one pass after the other. */
const recipes = { k3s: distributions.k3s.recipe, kubeadm: distributions.kubeadm.recipe };
const workers = [{ name: 'general', replicas: 2, machineClass: 'small' }];
const [V1, V2, V3] = ['v1.35.8', 'v1.36.1', 'v1.36.3'] as const;
const PASSES = Array.from({ length: 12 }, (_, index) => 2 + index * 3);

function want(revision: string, version: string, powerState: 'On' | 'Off' = 'On'): Desired {
  const set = setOf(revision, cluster('dev', { distribution: 'kubeadm', version, workers, powerState }));
  return desire(set, recipes, { ...options, programs });
}

async function halfWay(passes: number): Promise<Rollout> {
  const rollout = await createRollout();
  await rollout.converge(want('r1', V1));
  const desired = want('r2', V2);
  for (let pass = 0; pass < passes; pass += 1) {
    await rollout.pass(desired);
    const next = await rollout.plan(desired);
    if (next.steps.some((step) => step.needs.length === 0)) continue;
    const eventAtMs = (await rollout.world.nextEventAtMs()) ?? Number.POSITIVE_INFINITY;
    const atMs = Math.min(eventAtMs, next.lookAgainAtMs ?? Number.POSITIVE_INFINITY, rollout.clock.now() + 60_000);
    rollout.clock.moveTo(Math.max(rollout.clock.now() + 1, atMs));
  }
  return rollout;
}

async function undisturbed(...wanted: Desired[]): Promise<unknown> {
  const rollout = await createRollout();
  for (const desired of wanted) await rollout.converge(desired);
  return picture(rollout);
}

it('a ledger that is lost in the middle costs time and nothing else', async () => {
  const expected = await undisturbed(want('r1', V1), want('r2', V2));
  for (const passes of PASSES) {
    const rollout = await halfWay(passes);
    rollout.disk.ledger = EMPTY_LEDGER;
    await rollout.converge(want('r2', V2));
    expect([passes, await picture(rollout), rollout.failed]).toEqual([passes, expected, []]);
  }
});

it('another version that is committed in the middle is reached, and every node takes pods again', async () => {
  const expected = await undisturbed(want('r1', V1), want('r3', V3));
  for (const passes of PASSES) {
    const rollout = await halfWay(passes);
    await rollout.converge(want('r3', V3));
    expect([passes, await picture(rollout), rollout.failed]).toEqual([passes, expected, []]);
  }
});

it('the host loses power in the middle, and the upgrade is finished', async () => {
  const expected = await undisturbed(want('r1', V1), want('r2', V2));
  for (const passes of PASSES) {
    const rollout = await halfWay(passes);
    await rebootHost(rollout.world);
    await rollout.converge(want('r2', V2));
    expect([passes, await picture(rollout)]).toEqual([passes, expected]);
  }
});

it('a cluster that is switched off in the middle and on again is finished', async () => {
  const expected = await undisturbed(want('r1', V1), want('r4', V2));
  for (const passes of PASSES) {
    const rollout = await halfWay(passes);
    await rollout.converge(want('r3', V2, 'Off'));
    await rollout.converge(want('r4', V2));
    expect([passes, await picture(rollout)]).toEqual([passes, expected]);
  }
});
