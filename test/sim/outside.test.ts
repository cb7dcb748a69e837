import { describe, expect, it } from 'vitest';
import type { HypervisorEvent } from '../../src/drivers/hypervisor/hypervisor.ts';
import { destroyDomain, editDomain, pauseDomain, rebootHost, saveDomain, startDomain } from '../../src/sim/outside.ts';
import { makeBench, nodeNamed, settle, startCluster, startNode } from './fixtures.ts';

describe('what others do behind our back', () => {
  it('is seen, and told to who watches', async () => {
    const bench = await makeBench();
    await startCluster(bench);
    const events: HypervisorEvent[] = [];
    const watching = bench.hypervisor.watch((event) => events.push(event));
    await destroyDomain(bench.world, 'dev-cp-1');
    watching.stop();
    await editDomain(bench.world, 'dev-cp-1', { memoryMiB: 1024 });
    expect((await bench.hypervisor.inventory()).domains).toMatchObject([
      { state: 'shut off', stateReason: 'destroyed', agent: 'absent', live: null, next: { memoryMiB: 1024 } },
    ]);
    expect(events.map((event) => event.kind)).toEqual(['connected', 'agent-disconnected', 'lifecycle']);
    await startDomain(bench.world, 'dev-cp-1');
    expect((await bench.hypervisor.inventory()).domains).toMatchObject([
      { state: 'running', live: { memoryMiB: 1024 } },
    ]);
    await expect(destroyDomain(bench.world, 'nobody')).rejects.toMatchObject({ code: 'NotFound' });
  });

  it('can pause a machine, whose guest is then silent until it is resumed', async () => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    await pauseDomain(bench.world, 'dev-cp-1');
    expect((await bench.hypervisor.inventory()).domains).toMatchObject([{ state: 'paused', stateReason: 'I/O error' }]);
    await expect(bench.guest.status(node.ref)).rejects.toMatchObject({ code: 'GuestUnavailable' });
    await bench.hypervisor.resume(node.ref);
    expect(await bench.guest.status(node.ref)).toMatchObject({ kubernetes: { apiReady: true } });
  });

  it('can save a machine, which goes on in the same power cycle', async () => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    const { bootId } = await bench.guest.status(node.ref);
    await saveDomain(bench.world, 'dev-cp-1');
    expect((await bench.hypervisor.inventory()).domains).toMatchObject([{ state: 'shut off', managedSave: true }]);
    await bench.hypervisor.start(node.ref);
    expect(await bench.guest.status(node.ref)).toMatchObject({ bootId, kubernetes: { apiReady: true } });
  });

  it('can reboot the host: what starts with it comes back', async () => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    const other = nodeNamed('web', null);
    await startNode(bench, other);
    await settle(bench);
    await bench.hypervisor.setAutostart(node.ref, true);
    await rebootHost(bench.world);
    await settle(bench);
    expect((await bench.hypervisor.inventory()).domains).toMatchObject([
      { name: 'dev-cp-1', state: 'running' },
      { name: 'web', state: 'shut off' },
    ]);
    expect((await bench.guest.status(node.ref)).kubernetes).toMatchObject({ apiReady: true, nodes: [{ ready: true }] });
  });
});
