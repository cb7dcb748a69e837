import { describe, expect, it } from 'vitest';
import type { SimFault } from '../../src/sim/fault.ts';
import { setFaults } from '../../src/sim/outside.ts';
import { makeBench, nodeNamed, operate, settle, startCluster, startNode, until } from './fixtures.ts';

describe('a fault', () => {
  it('that refuses an act leaves the world as it was, as often as it was told', async () => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    await setFaults(bench.world, [{ on: 'powerOff', kind: 'error', times: 1, message: 'no such luck' }]);
    await expect(bench.hypervisor.powerOff(node.ref)).rejects.toMatchObject({
      code: 'VirshFailed',
      message: 'no such luck',
    });
    expect((await bench.hypervisor.inventory()).domains[0]?.state).toBe('running');
    await bench.hypervisor.powerOff(node.ref);
    expect((await bench.hypervisor.inventory()).domains[0]?.state).toBe('shut off');
  });

  it('that swallows the reply of an act lets the act happen', async () => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    await setFaults(bench.world, [{ on: 'powerOff', kind: 'silent', times: 1 }]);
    await expect(bench.hypervisor.powerOff(node.ref)).rejects.toMatchObject({ code: 'ExecTimeout' });
    expect((await bench.hypervisor.inventory()).domains[0]?.state).toBe('shut off');
  });

  it.each<[SimFault, string]>([
    [{ on: 'hypervisor', kind: 'error', code: 'HypervisorUnreachable' }, 'HypervisorUnreachable'],
    [{ on: 'inventory', kind: 'hang' }, 'ExecTimeout'],
    [{ on: 'inventory', kind: 'error', code: 'StorageFull' }, 'StorageFull'],
  ])('%o strikes reading the host', async (fault, code) => {
    const { world, hypervisor } = await makeBench();
    await setFaults(world, [fault]);
    await expect(hypervisor.inventory()).rejects.toMatchObject({ code });
  });

  it.each<[SimFault['kind'], string]>([
    ['silent', 'GuestUnavailable'],
    ['garbage', 'GuestReply'],
  ])('makes one guest %s and leaves the others alone', async (kind, code) => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    const other = nodeNamed('web', null);
    await startNode(bench, other);
    await settle(bench);
    await setFaults(bench.world, [{ on: 'guest', machine: 'dev-cp-1', kind }]);
    await expect(bench.guest.status(node.ref)).rejects.toMatchObject({ code });
    await expect(bench.guest.call(node.ref, 'join-info', {})).rejects.toMatchObject({ code });
    expect(await bench.guest.status(other.ref)).toMatchObject({ hostname: 'web' });
  });

  it('keeps a machine from booting', async () => {
    const bench = await makeBench();
    await setFaults(bench.world, [{ on: 'boot', machine: 'dev-cp-1', kind: 'fail' }]);
    const node = await startCluster(bench);
    bench.clock.advance(3_600_000);
    await expect(bench.guest.status(node.ref)).rejects.toMatchObject({ code: 'GuestUnavailable' });
    expect((await bench.hypervisor.inventory()).domains[0]).toMatchObject({ state: 'running', agent: 'disconnected' });
  });

  it('slows a boot', async () => {
    const bench = await makeBench();
    await setFaults(bench.world, [{ on: 'boot', kind: 'slow', factor: 30 }]);
    const beganAtMs = bench.clock.now();
    await startNode(bench, nodeNamed('web', null));
    await settle(bench);
    expect(bench.clock.now() - beganAtMs).toBe(30 * 20_000 + 10_000);
  });

  it('fails an upgrade, or the proof that comes after it', async () => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    await operate(bench, node, 'stage', { version: 'v1.36.1' });
    await setFaults(bench.world, [
      { on: 'upgrade', kind: 'fail', times: 1, message: 'etcd did not come up' },
      { on: 'nodeReady', kind: 'fail' },
    ]);
    const upgrade = () => operate(bench, node, 'upgrade', { version: 'v1.36.1' });
    expect(await upgrade()).toMatchObject({ state: 'failed', message: 'etcd did not come up' });
    expect((await bench.guest.status(node.ref)).kubernetes).toMatchObject({
      version: 'v1.35.2',
      nodes: [{ ready: true }],
    });
    expect(await upgrade()).toMatchObject({ state: 'succeeded' });
    expect((await bench.guest.status(node.ref)).kubernetes?.nodes).toMatchObject([
      { version: 'v1.36.1', ready: false },
    ]);
  });

  it('fails a drain, which then leaves no node cordoned', async () => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    await setFaults(bench.world, [{ on: 'drain', kind: 'fail', message: 'pod default/web cannot be evicted' }]);
    await bench.guest.call(node.ref, 'cordon', { node: 'dev-cp-1' });
    expect(await operate(bench, node, 'drain', { node: 'dev-cp-1' })).toMatchObject({ state: 'failed' });
    expect((await bench.guest.status(node.ref)).kubernetes?.nodes).toMatchObject([{ unschedulable: false }]);
  });

  it('makes a guest deaf to a clean shutdown', async () => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    await setFaults(bench.world, [{ on: 'shutdown', kind: 'silent' }]);
    await bench.hypervisor.shutdown(node.ref, 'agent');
    await settle(bench);
    expect((await bench.hypervisor.inventory()).domains[0]?.state).toBe('running');
  });
});

describe("an agent's death", () => {
  it.each(['before', 'within', 'after'] as const)('%s making disks is made good by asking again', async (phase) => {
    const bench = await makeBench();
    const node = nodeNamed('dev-cp-1');
    await bench.world.change((hand) => hand.storeImage(node.disks.image.digest, 'qcow2'));
    bench.world.onAct = (act, at) => {
      if (act.name === 'prepareDisks' && at === phase) throw new Error('killed');
    };
    await expect(bench.hypervisor.prepareDisks(node.disks)).rejects.toThrow('killed');
    const left = await bench.world.look(({ state }) => state.folders['dev-cp-1']);
    expect([left === undefined, left?.generations[1]?.seed == null, left?.stateDisk == null]).toEqual(
      { before: [true, true, true], within: [false, true, true], after: [false, false, false] }[phase],
    );
    bench.world.onAct = null;
    await bench.hypervisor.prepareDisks(node.disks);
    await bench.hypervisor.define(node.definition);
    await bench.hypervisor.start(node.ref);
    await until(bench, 'it boots', async () => (await bench.guest.status(node.ref)).cloudInit === 'done');
  });

  it.each([1, 2])('at half %i of a deletion loses no state disk and is finished by asking again', async (half) => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    await bench.hypervisor.powerOff(node.ref);
    let halves = 0;
    bench.world.onAct = (_act, at) => {
      if (at !== 'within') return;
      halves += 1;
      if (halves === half) throw new Error('killed');
    };
    await expect(bench.hypervisor.deleteMachine(node.ref, 'Retain')).rejects.toThrow('killed');
    await bench.hypervisor.deleteMachine(node.ref, 'Retain');
    expect(await bench.hypervisor.inventory()).toMatchObject({ domains: [], folders: [] });
    expect(await bench.world.look(({ state }) => state.retained.map((disk) => disk.machine))).toEqual(['dev-cp-1']);
  });
});
