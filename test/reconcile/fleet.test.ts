import { describe, expect, it, vi } from 'vitest';
import type { Desired } from '../../src/model/desired.ts';
import { setFaults } from '../../src/sim/outside.ts';
import { guardsOf, IMAGES, sight, wish } from './lifecycle.ts';
import { machine } from './manifests.ts';
import { createRollout, type Rollout } from './rollout.ts';

vi.setConfig({ testTimeout: 120_000 });

/** Changes that roll over several nodes. */
const workers = [{ name: 'general', replicas: 3, machineClass: 'small' }];
const V = ['v1.34.9+k3s1', 'v1.35.8+k3s1', 'v1.36.4+k3s1'] as const;

/** Names of machines that were taken down, in order, and how many stood still at one time. */
async function roll(rollout: Rollout, desired: Desired): Promise<{ order: string[]; most: number[] }> {
  const order: string[] = [];
  const most: number[] = [0, 0, 0];
  for (let passes = 0; passes < 600; passes += 1) {
    await rollout.pass(desired);
    const away = await rollout.world.look(({ state }) =>
      Object.values(state.clusters).flatMap(({ nodes }) =>
        Object.values(nodes).flatMap((node) => (node.unschedulable || !node.ready ? [node.name] : [])),
      ),
    );
    for (const name of away) if (!order.includes(name)) order.push(name);
    most[order.length] = Math.max(most[order.length] ?? 0, away.length);
    const next = await rollout.plan(desired);
    if (next.steps.length === 0 && next.waits.length === 0) return { order, most };
    if (next.steps.some(({ needs }) => needs.length === 0)) continue;
    const eventAtMs = (await rollout.world.nextEventAtMs()) ?? Number.POSITIVE_INFINITY;
    const lookAtMs = next.lookAgainAtMs ?? Number.POSITIVE_INFINITY;
    rollout.clock.moveTo(Math.max(rollout.clock.now() + 1, Math.min(eventAtMs, lookAtMs)));
  }
  throw new Error('the rollout never rests');
}

describe('a new image under a cluster with workers', () => {
  const spec = { workers, upgrade: { maxUnavailable: 2 } };

  it('begins with the control plane, goes on with one worker alone, then with as many as may be away', async () => {
    const rollout = await createRollout();
    await rollout.converge(wish({ revision: 'r1', spec }));
    const before = await sight(rollout);
    const { order, most } = await roll(rollout, wish({ revision: 'r2', image: IMAGES.good, spec }));
    expect(order.slice(0, 2)).toEqual(['dev-cp-1', 'dev-general-1']);
    expect(Math.max(...most.slice(0, 3))).toBe(1);
    expect(Math.max(...most.filter((count) => count > 0))).toBe(2);
    const after = await sight(rollout);
    expect([after.uids, after.nodes]).toEqual([before.uids, before.nodes]);
    for (const name of ['dev-cp-1', 'dev-general-1', 'dev-general-2', 'dev-general-3'])
      expect((await sight(rollout, name)).image).toBe(IMAGES.good);
    expect(rollout.failed).toEqual([]);
  });

  it('that fails on the first worker reaches no other', async () => {
    const rollout = await createRollout();
    await rollout.converge(wish({ revision: 'r1', spec }));
    await setFaults(rollout.world, [{ on: 'boot', kind: 'fail', only: IMAGES.bad, machine: 'dev-general-1' }]);
    const stopped = await rollout.converge(wish({ revision: 'r2', image: IMAGES.bad, spec }), 1200);
    expect(stopped.blocks.map(({ target, guard }) => [target.name, guard])).toEqual([
      ['dev-general-1', 'Quarantined'],
      ['dev-general-2', 'RolloutHalted'],
      ['dev-general-3', 'RolloutHalted'],
    ]);
    const images = [];
    for (const name of ['dev-cp-1', 'dev-general-1', 'dev-general-2']) images.push((await sight(rollout, name)).image);
    expect(images).toEqual([IMAGES.bad, IMAGES.old, IMAGES.old]);
    expect((await sight(rollout)).nodes.every(({ ready, unschedulable }) => ready && !unschedulable)).toBe(true);
  });
});

it('a chain of versions is gone through one after the other, every node before the next', async () => {
  const rollout = await createRollout();
  await rollout.converge(wish({ revision: 'r1', spec: { workers, version: V[0] } }));
  const desired = wish({ revision: 'r2', spec: { workers, version: V[2], upgrade: { versions: [V[1]] } } });
  const first = await rollout.plan(desired);
  expect(first.waits.map(({ id }) => id)).toContain('cluster/dev/next-version');
  const told = [first, ...(first.legs ?? [])].flatMap(({ steps }) => steps.map(({ id }) => id));
  const before = rollout.done.length;
  const last = await rollout.converge(desired, 800);
  expect([guardsOf(last), rollout.failed]).toEqual([[], []]);
  expect((await sight(rollout)).nodes.map(({ version }) => version)).toEqual([V[2], V[2], V[2], V[2]]);
  const upgrades = rollout.done.filter((id) => id.endsWith('/upgrade'));
  expect(upgrades.length).toBe(8);
  // What was done is what the first plan told, leg by leg.
  expect([...rollout.done.slice(before)].sort()).toEqual([...told].sort());
});

describe('a first image that never boots', () => {
  it('is replaced as soon as a commit brings another: there is nothing to go back to', async () => {
    const rollout = await createRollout();
    await setFaults(rollout.world, [{ on: 'boot', kind: 'fail', only: IMAGES.bad }]);
    const bad = wish({ revision: 'r1', image: IMAGES.bad });
    for (let passes = 0; passes < 400; passes += 1) {
      await rollout.pass(bad);
      const next = await rollout.plan(bad);
      if (guardsOf(next).includes('DeadlinePassed')) break;
      if (next.steps.some(({ needs }) => needs.length === 0)) continue;
      rollout.clock.moveTo(Math.max(rollout.clock.now() + 1, next.lookAgainAtMs ?? 0));
    }
    const last = await rollout.converge(wish({ revision: 'r2', image: IMAGES.good }));
    expect(guardsOf(last)).toEqual([]);
    expect((await sight(rollout)).nodes).toMatchObject([{ name: 'dev-cp-1', ready: true }]);
  });
});

it('a Machine without a state disk gets a new root disk when a person says so, for that revision', async () => {
  const rollout = await createRollout();
  const others = [machine('jump')];
  await rollout.converge(wish({ revision: 'r1', others }));
  const desired = wish({ revision: 'r2', image: IMAGES.good, others });
  expect(guardsOf(await rollout.converge(desired))).toEqual(['RecreateConfirm']);
  rollout.disk.records = { ...rollout.disk.records, confirmations: [{ object: 'Machine/jump', revision: 'r2' }] };
  expect(guardsOf(await rollout.converge(desired))).toEqual([]);
  expect((await sight(rollout, 'jump')).image).toBe(IMAGES.good);
});

it('a chain that a block holds up waits for nothing, and says where it leads', async () => {
  const rollout = await createRollout();
  await rollout.converge(wish({ revision: 'r1', spec: { version: V[0] } }));
  const upgrade = { versions: [V[1]], strategy: 'InPlaceOnly' as const };
  const plan = await rollout.converge(wish({ revision: 'r2', image: IMAGES.good, spec: { version: V[2], upgrade } }));
  expect([guardsOf(plan), plan.waits]).toEqual([['RecreateNeeded'], []]);
  expect(plan.notes.map(({ text }) => text)).toContain(`dev goes to ${V[1]}, then ${V[2]} when nothing blocks it`);
});
