import { describe, expect, it } from 'vitest';
import { setFaults, useLocalData } from '../../src/sim/outside.ts';
import { createObject, guardsOf, IMAGES, live, sight, wish } from './lifecycle.ts';
import { createRollout, type Rollout } from './rollout.ts';

/** A commit that changes the image under a cluster, on the simulator: the real loop, a virtual clock. */
const DISTRIBUTIONS = [
  { distribution: 'k3s', version: 'v1.36.3+k3s1' },
  { distribution: 'kubeadm', version: 'v1.36.1' },
] as const;
const DAY_MS = 24 * 3_600_000;

async function standing(spec: Parameters<typeof wish>[0]['spec'] = {}): Promise<Rollout> {
  const rollout = await createRollout();
  await rollout.converge(wish({ revision: 'r1', spec }));
  await createObject(rollout);
  return rollout;
}

describe.each(DISTRIBUTIONS)('a new image under a $distribution cluster of one', (spec) => {
  it('replaces the root disk: the same cluster with the same objects, on the same machine', async () => {
    const rollout = await standing(spec);
    const before = await sight(rollout);
    const desired = wish({ revision: 'r2', image: IMAGES.good, spec });
    const first = await rollout.plan(desired);
    rollout.done.length = 0;
    const last = await rollout.converge(desired);
    const after = await sight(rollout);
    expect({ uids: after.uids, objects: after.objects, uuid: after.uuid }).toEqual({
      uids: before.uids,
      objects: [['configmaps/default/kept']],
      uuid: before.uuid,
    });
    expect([after.image, after.mark.generation, after.mark.previous?.generation]).toEqual([IMAGES.good, 2, 1]);
    expect(after.nodes).toEqual(before.nodes);
    expect([rollout.failed, guardsOf(last), last.steps]).toEqual([[], [], []]);
    expect([...rollout.done].sort()).toEqual(first.steps.map((step) => step.id).sort());
    expect(rollout.done.indexOf('machine/dev-cp-1/recreate/fetch-backup')).toBeLessThan(
      rollout.done.indexOf('machine/dev-cp-1/shutdown'),
    );
  });

  it('keeps the old root disk until keepFor is over', async () => {
    const rollout = await standing(spec);
    const desired = wish({ revision: 'r2', image: IMAGES.good, spec });
    await rollout.converge(desired);
    const kept = await rollout.plan(desired);
    expect(kept.notes.map(({ text }) => text).join()).toContain('root disk 1 of dev-cp-1');
    await live(rollout, desired, DAY_MS - 60_000);
    expect((await sight(rollout)).generations).toEqual([1, 2]);
    await live(rollout, desired, 120_000);
    expect((await sight(rollout)).generations).toEqual([2]);
    expect((await sight(rollout)).mark.previous).toBeNull();
  });

  it('that never boots: the old root disk returns, is quarantined, is not tried again, and a fixed image converges', async () => {
    const rollout = await standing(spec);
    const before = await sight(rollout);
    await setFaults(rollout.world, [{ on: 'boot', kind: 'fail', only: IMAGES.bad }]);
    const bad = wish({ revision: 'r2', image: IMAGES.bad, spec });
    const stopped = await rollout.converge(bad);
    const back = await sight(rollout);
    expect(guardsOf(stopped)).toEqual(['Quarantined']);
    expect([back.image, back.uids, back.objects, back.nodes]).toEqual([
      IMAGES.old,
      before.uids,
      [['configmaps/default/kept']],
      before.nodes,
    ]);
    expect(back.mark.quarantined).toMatchObject([{ digest: IMAGES.bad, reason: expect.stringContaining('answer') }]);
    expect([back.generations, back.mark.provenAtMs]).toEqual([[1], before.mark.provenAtMs]);
    // Nothing there could hear a shutdown, and what it wrote is not kept.
    expect(rollout.done.filter((id) => /dev-cp-1\/(shutdown|power-off)$/.test(id))).toEqual([
      'machine/dev-cp-1/shutdown',
      'machine/dev-cp-1/power-off',
    ]);
    const restarts = () => rollout.done.filter((id) => id === 'machine/dev-cp-1/shutdown').length;
    const shutdowns = restarts();
    await live(rollout, bad, DAY_MS);
    expect(restarts()).toBe(shutdowns);
    await rollout.converge(wish({ revision: 'r3', image: IMAGES.good, spec }));
    expect([(await sight(rollout)).image, (await sight(rollout)).uids]).toEqual([IMAGES.good, before.uids]);
  });
});

describe('a quarantined image', () => {
  it('is tried again when a person says retry', async () => {
    const rollout = await standing();
    await setFaults(rollout.world, [{ on: 'boot', kind: 'fail', only: IMAGES.bad }]);
    const bad = wish({ revision: 'r2', image: IMAGES.bad });
    await rollout.converge(bad);
    await setFaults(rollout.world, []);
    rollout.disk.records = {
      ...rollout.disk.records,
      retries: [{ object: 'Cluster/dev', revision: 'r2', atMs: rollout.clock.now() }],
    };
    const last = await rollout.converge(bad);
    expect([guardsOf(last), (await sight(rollout)).image]).toEqual([[], IMAGES.bad]);
    expect((await sight(rollout)).mark.quarantined).toEqual([]);
  });
});

describe('before a root disk is replaced', () => {
  it('volumes outside of what is kept hold it back, and nothing is disturbed', async () => {
    const rollout = await standing();
    await useLocalData(rollout.world, 'dev-cp-1', 'default/data:/srv/data');
    const desired = wish({ revision: 'r2', image: IMAGES.good });
    const stopped = await rollout.converge(desired);
    expect(guardsOf(stopped)).toEqual(['LocalData']);
    expect(rollout.done).not.toContain('machine/dev-cp-1/shutdown');
    expect((await sight(rollout)).image).toBe(IMAGES.old);
  });

  it('volumes on a worker hold it back too, though its control plane was asked', async () => {
    const spec = { workers: [{ name: 'general', replicas: 1, machineClass: 'small' }] };
    const rollout = await standing(spec);
    await useLocalData(rollout.world, 'dev-general-1', 'default/data:/srv/data');
    const stopped = await rollout.converge(wish({ revision: 'r2', image: IMAGES.good, spec }));
    expect(stopped.blocks.map(({ guard, target }) => [guard, target.name])).toEqual([['LocalData', 'dev-general-1']]);
    expect(rollout.done).not.toContain('machine/dev-general-1/shutdown');
  });

  it('a worker that has not joined yet is asked for nothing', async () => {
    const spec = { workers: [{ name: 'general', replicas: 1, machineClass: 'small' }] };
    const rollout = await createRollout();
    const first = wish({ revision: 'r1', spec });
    while (!rollout.done.includes('machine/dev-general-1/start')) await live(rollout, first, 1_000);
    const last = await rollout.converge(wish({ revision: 'r2', image: IMAGES.good, spec }));
    expect([guardsOf(last), last.steps, rollout.failed]).toEqual([[], [], []]);
  });

  it('strategy InPlaceOnly forbids it', async () => {
    const rollout = await standing();
    const desired = wish({ revision: 'r2', image: IMAGES.good, spec: { upgrade: { strategy: 'InPlaceOnly' } } });
    expect(guardsOf(await rollout.converge(desired))).toEqual(['RecreateNeeded']);
  });
});

it('memory is changed with a restart, the disks stay as they are', async () => {
  const rollout = await standing();
  const desired = wish({ revision: 'r2', memory: '4Gi' });
  const last = await rollout.converge(desired);
  const { mark, image, objects } = await sight(rollout);
  expect([guardsOf(last), last.steps, mark.spec.memoryMiB, mark.generation, mark.isSettling]).toEqual([
    [],
    [],
    4096,
    1,
    undefined,
  ]);
  expect([image, objects]).toEqual([IMAGES.old, [['configmaps/default/kept']]]);
});
