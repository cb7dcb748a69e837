import { describe, expect, it } from 'vitest';
import { loseImage, loseStateDisk, undefineDomain } from '../../src/sim/outside.ts';
import { type Bench, makeBench, type Node, nodeNamed, settle, startCluster, startNode } from './fixtures.ts';

const clusterUid = async (bench: Bench, node: Node) => (await bench.guest.status(node.ref)).kubernetes?.clusterUid;

/** What first boot's settings look like in a seed. */
function withSettings(node: Node, settings: Readonly<Record<string, string>>): Node {
  const lines = Object.entries(settings).map(([key, value]) => `      ${key}='${value}'`);
  const userData = `#cloud-config\nwrite_files:\n  - path: /etc/kreconcile/node.env\n    content: |\n${lines.join('\n')}\n`;
  return { ...node, disks: { ...node.disks, seed: { ...node.disks.seed, userData } } };
}

describe('a cluster', () => {
  it('lives on the state disk: a new root keeps it', async () => {
    const bench = await makeBench();
    const first = await startCluster(bench);
    const uid = await clusterUid(bench, first);
    await bench.hypervisor.powerOff(first.ref);
    const second = nodeNamed('dev-cp-1', {}, 2);
    await startNode(bench, second);
    await settle(bench);
    expect(await clusterUid(bench, second)).toBe(uid);
    const { folders } = await bench.hypervisor.inventory();
    expect(folders).toEqual([{ machine: 'dev-cp-1', generations: [1, 2], hasStateDisk: true }]);
  });

  it('outlives an undefined domain', async () => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    const uid = await clusterUid(bench, node);
    await undefineDomain(bench.world, 'dev-cp-1');
    await bench.hypervisor.define(node.definition);
    await bench.hypervisor.start(node.ref);
    await settle(bench);
    expect(await clusterUid(bench, node)).toBe(uid);
  });

  it('is lost with the state disk', async () => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    const uid = await clusterUid(bench, node);
    await bench.hypervisor.powerOff(node.ref);
    await loseStateDisk(bench.world, 'dev-cp-1');
    await expect(bench.hypervisor.start(node.ref)).rejects.toMatchObject({ code: 'VirshFailed' });
    await startNode(bench, nodeNamed('dev-cp-1', {}, 2));
    await settle(bench);
    expect(await clusterUid(bench, node)).not.toBe(uid);
    expect(await bench.world.look(({ state }) => Object.keys(state.clusters))).toHaveLength(1);
  });

  it('is retained with the state disk when its machine is deleted, and gone when that is', async () => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    const left = () => bench.world.look(({ state }) => [Object.keys(state.clusters).length, state.retained.length]);
    await bench.hypervisor.powerOff(node.ref);
    await bench.hypervisor.deleteMachine(node.ref, 'Retain');
    expect(await left()).toEqual([1, 1]);
    await startNode(bench, node);
    await settle(bench);
    await bench.hypervisor.powerOff(node.ref);
    await bench.hypervisor.deleteMachine(node.ref, 'Delete');
    expect(await left()).toEqual([1, 1]);
  });

  it('is run on a new root by the version that last ran with its data, whatever the seed names', async () => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    await bench.hypervisor.powerOff(node.ref);
    await startNode(bench, nodeNamed('dev-cp-1', { version: 'v1.34.0' }, 2));
    await settle(bench);
    expect(await bench.guest.status(node.ref)).toMatchObject({
      cloudInit: 'done',
      kubernetes: { phase: 'initialised', version: 'v1.35.2', nodes: [{ version: 'v1.35.2', ready: true }] },
    });
  });
});

describe('the state disk', () => {
  it('is formatted only when the seed says that it should be new', async () => {
    const bench = await makeBench();
    const node = withSettings(nodeNamed('dev-cp-1'), { STATE_NEW: '', STATE_UUID: 'a-b' });
    await startNode(bench, node);
    await settle(bench);
    expect(await bench.guest.status(node.ref)).toMatchObject({
      stateDisk: 'blank-refused',
      kubernetes: { phase: 'absent' },
      operations: [{ state: 'failed', message: expect.stringContaining('state disk') }],
    });
  });

  it('of another filesystem is refused', async () => {
    const bench = await makeBench();
    const node = withSettings(nodeNamed('dev-cp-1'), { STATE_NEW: '1', STATE_UUID: 'a-b' });
    await startNode(bench, node);
    await settle(bench);
    expect((await bench.guest.status(node.ref)).stateDisk).toBe('mounted');
    await bench.hypervisor.powerOff(node.ref);
    await startNode(bench, withSettings(nodeNamed('dev-cp-1', {}, 2), { STATE_NEW: '1', STATE_UUID: 'c-d' }));
    await settle(bench);
    expect((await bench.guest.status(node.ref)).stateDisk).toBe('foreign');
  });

  it('of another serial is never taken over', async () => {
    const bench = await makeBench();
    const { disks } = await startCluster(bench);
    const other = { ...disks, stateDisk: { sizeMiB: 20_480, serial: 'another' } };
    await expect(bench.hypervisor.prepareDisks(other)).rejects.toMatchObject({ code: 'StateDiskMissing' });
  });
});

describe('a root disk', () => {
  it('that was only prepared is made anew, one that was started is not', async () => {
    const bench = await makeBench();
    const node = nodeNamed('dev-cp-1');
    const seedDigest = () => bench.world.look(({ state }) => state.folders['dev-cp-1']?.generations[1]?.seed?.digest);
    const again = { ...node.disks, seed: { ...node.disks.seed, userData: '#cloud-config\n# other\n' } };
    await startNode(bench, node);
    const first = await seedDigest();
    await bench.hypervisor.prepareDisks(again);
    expect(await seedDigest()).toBe(first);
    const fresh = nodeNamed('dev-cp-2');
    await bench.hypervisor.prepareDisks(fresh.disks);
    expect((await bench.hypervisor.inventory()).folders[1]).toEqual({
      machine: 'dev-cp-2',
      generations: [],
      hasStateDisk: true,
      unmade: { owner: 'tests', uuid: fresh.ref.uuid },
    });
  });

  it('cannot start without its image', async () => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    await bench.hypervisor.powerOff(node.ref);
    await loseImage(bench.world, node.disks.image.digest);
    await expect(bench.hypervisor.start(node.ref)).rejects.toMatchObject({ code: 'VirshFailed' });
  });
});
