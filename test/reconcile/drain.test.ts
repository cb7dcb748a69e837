import { expect, it } from 'vitest';
import { setFaults } from '../../src/sim/outside.ts';
import { guardsOf, sight, wish } from './lifecycle.ts';
import { createRollout } from './rollout.ts';

it('a node whose pods cannot be evicted is kept, takes pods and says so, until a person tries again', async () => {
  const rollout = await createRollout();
  const workers = (replicas: number) => ({
    spec: { workers: [{ name: 'general', replicas, machineClass: 'small' }], prune: { mode: 'Enabled' as const } },
  });
  await rollout.converge(wish({ revision: 'r1', ...workers(2) }));
  await setFaults(rollout.world, [{ on: 'drain', kind: 'fail', message: 'blocked by: shop/db-0' }]);
  const fewer = wish({ revision: 'r2', ...workers(1) });
  const drains = () => rollout.done.filter((id) => id === 'machine/dev-general-2/drain').length;
  for (let passes = 0; passes < 400 && guardsOf(await rollout.plan(fewer)).length === 0; passes += 1) {
    await rollout.pass(fewer);
    rollout.clock.moveTo(rollout.clock.now() + 5_000);
  }
  expect([guardsOf(await rollout.plan(fewer)), drains()]).toEqual([['OperationFailed'], 3]);
  expect((await sight(rollout)).nodes.map(({ unschedulable }) => unschedulable)).toEqual([false, false, false]);
  await setFaults(rollout.world, []);
  const { records } = rollout.disk;
  const retries = [{ object: 'Cluster/dev', revision: 'r2', atMs: rollout.clock.now() }];
  rollout.disk.records = { ...records, retries };
  const atMs = rollout.clock.now();
  expect(guardsOf(await rollout.converge(fewer))).toEqual([]);
  expect((await sight(rollout)).nodes.map(({ name }) => name)).toEqual(['dev-cp-1', 'dev-general-1']);
  expect([drains(), rollout.clock.now() - atMs < 10 * 60_000]).toEqual([4, true]);
});
