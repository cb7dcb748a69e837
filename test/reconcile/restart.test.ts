import { describe, expect, it } from 'vitest';
import { setFaults } from '../../src/sim/outside.ts';
import { createObject, guardsOf, live, sight, wish } from './lifecycle.ts';
import { createRollout, type Rollout } from './rollout.ts';

/** A commit that takes a new definition and a restart, after which the guest does not come back. */
const spec = { workers: [{ name: 'general', replicas: 1, machineClass: 'small' }] };
const TOO_MUCH = { on: 'boot', kind: 'fail', only: '4096 MiB' } as const;

async function standing(settings: Parameters<typeof wish>[0]['spec'] = {}): Promise<Rollout> {
  const rollout = await createRollout();
  await rollout.converge(wish({ revision: 'r1', spec: settings }));
  await createObject(rollout);
  return rollout;
}

describe('a definition under which the guest does not answer', () => {
  it('goes back to the one before with its data, is quarantined, and is not tried again', async () => {
    const rollout = await standing();
    const before = await sight(rollout);
    await setFaults(rollout.world, [TOO_MUCH]);
    const desired = wish({ revision: 'r2', memory: '4Gi' });
    const stopped = await rollout.converge(desired);
    const after = await sight(rollout);
    expect(guardsOf(stopped)).toEqual(['Quarantined']);
    expect(stopped.blocks[0]?.reason).toMatch(/did not answer within 10 min \(\/memoryMiB 2048 to 4096\)/);
    expect([after.mark.spec, after.objects, after.nodes, after.generations]).toEqual([
      before.mark.spec,
      [['configmaps/default/kept']],
      before.nodes,
      [1],
    ]);
    expect([after.mark.isSettling, after.mark.formerSpec]).toEqual([undefined, undefined]);
    const starts = () => rollout.done.filter((id) => id === 'machine/dev-cp-1/start').length;
    const tried = starts();
    await live(rollout, desired, 24 * 3_600_000);
    expect(starts()).toBe(tried);
  });

  it('is tried again when a person says retry, and left for another one when a commit asks for that', async () => {
    const rollout = await standing();
    await setFaults(rollout.world, [TOO_MUCH]);
    await rollout.converge(wish({ revision: 'r2', memory: '4Gi' }));
    await rollout.converge(wish({ revision: 'r3', memory: '3Gi' }));
    expect((await sight(rollout)).mark.spec.memoryMiB).toBe(3072);
    await setFaults(rollout.world, []);
    const again = wish({ revision: 'r4', memory: '4Gi' });
    expect(guardsOf(await rollout.converge(again))).toEqual(['Quarantined']);
    const retries = [{ object: 'Cluster/dev', revision: 'r4', atMs: rollout.clock.now() }];
    rollout.disk.records = { ...rollout.disk.records, retries };
    expect(guardsOf(await rollout.converge(again))).toEqual([]);
    expect((await sight(rollout)).mark).toMatchObject({ spec: { memoryMiB: 4096 }, quarantined: [] });
  });

  it('halts the rollout, and every node takes pods again', async () => {
    const rollout = await standing(spec);
    await setFaults(rollout.world, [TOO_MUCH]);
    const stopped = await rollout.converge(wish({ revision: 'r2', memory: '4Gi', spec }));
    expect(stopped.blocks.map(({ guard, target }) => [guard, target.name])).toEqual([
      ['Quarantined', 'dev-cp-1'],
      ['RolloutHalted', 'dev-general-1'],
    ]);
    expect((await sight(rollout)).nodes.map(({ ready, unschedulable }) => [ready, unschedulable])).toEqual([
      [true, false],
      [true, false],
    ]);
    expect((await sight(rollout, 'dev-general-1')).mark.spec.memoryMiB).toBe(2048);
  });
});

it('the plan of a restart says what returns if it fails', async () => {
  const rollout = await standing();
  const { waits } = await rollout.plan(wish({ revision: 'r2', memory: '4Gi' }));
  expect(waits.map(({ condition }) => condition)).toContain(
    'dev-cp-1 is proven under its new definition; else its definition from before returns',
  );
});
