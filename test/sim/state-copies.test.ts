import { describe, expect, it } from 'vitest';
import { loseStateDisk, setFaults } from '../../src/sim/outside.ts';
import { type Bench, makeBench, type Node, nodeNamed, operate, settle, startCluster, startNode } from './fixtures.ts';

async function put(bench: Bench, name: string): Promise<void> {
  await bench.world.change(({ state }) => {
    for (const cluster of Object.values(state.clusters)) {
      cluster.objects[`configmaps/default/${name}`] = { metadata: { name, namespace: 'default' } };
      cluster.resourceVersion += 1;
    }
  });
}

const dataOf = (bench: Bench) =>
  bench.world.look(({ state }) =>
    Object.values(state.clusters).map(({ objects, resourceVersion }) => [Object.keys(objects), resourceVersion]),
  );

const operation = async (bench: Bench) =>
  (await bench.hypervisor.inventory()).operations.find(({ id }) => id === 'copy-state-dev-cp-1-1');

/** A cluster of one that left generation 1, ran in generation 2 and wrote there, and is off. */
async function movedOn(bench: Bench): Promise<{ readonly first: Node; readonly second: Node }> {
  const first = await startCluster(bench);
  await put(bench, 'kept');
  await bench.hypervisor.powerOff(first.ref);
  await bench.hypervisor.copyState(first.ref, 1);
  await settle(bench);
  const second = nodeNamed('dev-cp-1', {}, 2);
  await startNode(bench, second);
  await settle(bench);
  await put(bench, 'later');
  await operate(bench, second, 'stage', { version: 'v1.35.9' });
  await operate(bench, second, 'upgrade', { version: 'v1.35.9' });
  await bench.hypervisor.powerOff(second.ref);
  return { first, second };
}

describe('a copy of the state disk', () => {
  it('takes its time, shows how far it is, and is then current', async () => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    await bench.hypervisor.powerOff(node.ref);
    await bench.hypervisor.copyState(node.ref, 1);
    bench.clock.advance(1_000);
    expect(await operation(bench)).toMatchObject({ state: 'running', progress: 0.25 });
    await settle(bench);
    expect(await operation(bench)).toMatchObject({ state: 'succeeded', progress: 1 });
  });

  it.each(['started', 'failed'])('that is %s meanwhile is none', async (what) => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    await bench.hypervisor.powerOff(node.ref);
    if (what === 'failed')
      await setFaults(bench.world, [{ on: 'copyState', kind: 'fail', message: 'the disk is full' }]);
    await bench.hypervisor.copyState(node.ref, 1);
    if (what === 'started') await bench.hypervisor.start(node.ref);
    await settle(bench);
    expect(await operation(bench)).toMatchObject({ state: 'failed' });
    expect((await bench.hypervisor.inventory()).folders[0]?.copies).toBeUndefined();
  });

  it('brings objects, versions and the member back to that moment', async () => {
    const bench = await makeBench();
    const { first } = await movedOn(bench);
    const [[, later] = []] = await dataOf(bench);
    await bench.hypervisor.restoreState(first.ref, 1);
    await bench.hypervisor.define(first.definition);
    await bench.hypervisor.start(first.ref);
    await settle(bench);
    const [[objects, version] = []] = await dataOf(bench);
    expect(objects).toEqual(['configmaps/default/kept']);
    expect(version).toBeLessThan(Number(later));
    const { kubernetes } = await bench.guest.status(first.ref);
    expect(kubernetes).toMatchObject({
      version: 'v1.35.2',
      nodes: [{ name: 'dev-cp-1', ready: true, version: 'v1.35.2' }],
    });
  });

  it('keeps the cluster when the state disk itself is lost', async () => {
    const bench = await makeBench();
    const { first } = await movedOn(bench);
    await loseStateDisk(bench.world, 'dev-cp-1');
    await bench.hypervisor.restoreState(first.ref, 1);
    await bench.hypervisor.define(first.definition);
    await bench.hypervisor.start(first.ref);
    await settle(bench);
    expect((await dataOf(bench))[0]?.[0]).toEqual(['configmaps/default/kept']);
  });

  it('does not take back what other members hold too', async () => {
    const bench = await makeBench();
    const { first } = await movedOn(bench);
    await bench.world.change(({ state }) => {
      for (const cluster of Object.values(state.clusters)) cluster.controlPlanes.push('another-machine');
    });
    const before = await dataOf(bench);
    await bench.hypervisor.restoreState(first.ref, 1);
    expect(await dataOf(bench)).toEqual(before);
  });

  it('is kept when the agent dies between the two renames, and the way back is gone on', async () => {
    const bench = await makeBench();
    const { first } = await movedOn(bench);
    bench.world.onAct = ({ name }, phase) => {
      if (name === 'restoreState' && phase === 'within') throw new Error('the agent died here');
    };
    await expect(bench.hypervisor.restoreState(first.ref, 1)).rejects.toThrow('died');
    bench.world.onAct = null;
    expect((await bench.hypervisor.inventory()).folders[0]).toEqual({
      machine: 'dev-cp-1',
      generations: [1, 2],
      hasStateDisk: false,
      isSetAside: true,
      copies: [{ generation: 1, isCurrent: false }],
    });
    await expect(bench.hypervisor.dropGeneration(first.ref, 1)).rejects.toMatchObject({ code: 'StateDiskMissing' });
    await expect(bench.hypervisor.prepareDisks(first.disks)).rejects.toMatchObject({ code: 'StateDiskMissing' });
    await bench.hypervisor.restoreState(first.ref, 1);
    await bench.hypervisor.restoreState(first.ref, 1);
    expect((await dataOf(bench))[0]?.[0]).toEqual(['configmaps/default/kept']);
  });
});

describe('deleting a machine on its way back', () => {
  it('retains the copy as its state disk, and what was set aside', async () => {
    const bench = await makeBench();
    const { first } = await movedOn(bench);
    await bench.world.change(({ state }) => {
      const folder = state.folders['dev-cp-1'];
      if (folder) Object.assign(folder, { setAside: folder.stateDisk, stateDisk: null });
    });
    await bench.hypervisor.deleteMachine(first.ref, 'Retain');
    const retained = await bench.world.look(({ state }) => state.retained.map(({ disk }) => disk.member?.version));
    expect(retained).toEqual(['v1.35.9', 'v1.35.2']);
    expect((await dataOf(bench))[0]?.[0]).toEqual(['configmaps/default/kept']);
  });
});
