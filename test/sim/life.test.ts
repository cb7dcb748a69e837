import { describe, expect, it } from 'vitest';
import { type Bench, makeBench, nodeNamed, operate, settle, startCluster, startNode, until } from './fixtures.ts';

/** A cluster of one with a worker that has joined. */
async function startPair(bench: Bench) {
  const controlPlane = await startCluster(bench);
  const worker = nodeNamed('dev-general-1', { role: 'worker' });
  await startNode(bench, worker);
  await settle(bench);
  const { token = '' } = await bench.guest.call(controlPlane.ref, 'join-info', {});
  expect(await operate(bench, worker, 'join', { token })).toMatchObject({ state: 'succeeded' });
  return { controlPlane, worker };
}

describe('first boot', () => {
  it('takes its time: the agent connects, cloud-init bootstraps, the API answers, the node is Ready', async () => {
    const bench = await makeBench();
    const node = nodeNamed('dev-cp-1');
    await startNode(bench, node);
    await expect(bench.guest.status(node.ref)).rejects.toMatchObject({ code: 'GuestUnavailable' });
    const status = () => bench.guest.status(node.ref);
    await until(bench, 'the agent answers', async () => (await status()).cloudInit === 'running');
    expect(await status()).toMatchObject({
      stateDisk: 'mounted',
      kubernetes: { phase: 'absent', apiReady: false, nodes: [] },
      operations: [{ id: 'bootstrap-first', verb: 'bootstrap', state: 'running' }],
    });
    await until(bench, 'cloud-init is done', async () => (await status()).cloudInit === 'done');
    expect((await status()).kubernetes).toMatchObject({ phase: 'initialised', version: 'v1.35.2', apiReady: false });
    await until(bench, 'the API answers', async () => (await status()).kubernetes?.apiReady === true);
    expect((await status()).kubernetes?.nodes).toMatchObject([{ name: 'dev-cp-1', ready: false }]);
    await until(bench, 'the node is Ready', async () => (await status()).kubernetes?.nodes[0]?.ready === true);
    expect((await status()).kubernetes).toMatchObject({
      nodesTotal: 1,
      clusterUid: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it('of a plain machine ends without Kubernetes', async () => {
    const bench = await makeBench();
    const machine = nodeNamed('web', null);
    await startNode(bench, machine);
    await settle(bench);
    expect(await bench.guest.status(machine.ref)).toMatchObject({
      cloudInit: 'done',
      kubernetes: null,
      stateDisk: 'none',
      addresses: [{ mac: machine.definition.mac, address: '127.77.0.2' }],
    });
  });

  it('uses the reserved address', async () => {
    const bench = await makeBench();
    const node = nodeNamed('dev-cp-1');
    const { mac } = node.definition;
    await bench.hypervisor.reserveAddress('default', { machine: 'dev-cp-1', mac, address: '127.77.3.4' });
    await startNode(bench, node);
    await settle(bench);
    expect((await bench.guest.status(node.ref)).addresses).toEqual([{ mac, address: '127.77.3.4' }]);
  });
});

describe('a worker', () => {
  it('is installed until it joins with a token that the control plane minted', async () => {
    const bench = await makeBench();
    const controlPlane = await startCluster(bench);
    const worker = nodeNamed('dev-general-1', { role: 'worker' });
    await startNode(bench, worker);
    await settle(bench);
    const phase = async () => (await bench.guest.status(worker.ref)).kubernetes?.phase;
    expect(await phase()).toBe('installed');
    expect(await operate(bench, worker, 'join', { token: 'abcdef.0123456789abcdef' })).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('token'),
    });
    const { token = '' } = await bench.guest.call(controlPlane.ref, 'join-info', {});
    expect(await operate(bench, worker, 'join', { token })).toMatchObject({ state: 'succeeded' });
    expect(await phase()).toBe('initialised');
    const { kubernetes } = await bench.guest.status(controlPlane.ref);
    expect(kubernetes?.nodes).toMatchObject([{ name: 'dev-cp-1' }, { name: 'dev-general-1', ready: true }]);
  });

  it('cannot join with a token that has expired', async () => {
    const bench = await makeBench();
    const controlPlane = await startCluster(bench);
    const worker = nodeNamed('dev-general-1', { role: 'worker' });
    await startNode(bench, worker);
    await settle(bench);
    const { token = '' } = await bench.guest.call(controlPlane.ref, 'join-info', {});
    bench.clock.advance(3_600_000);
    expect(await operate(bench, worker, 'join', { token })).toMatchObject({ state: 'failed' });
  });

  it('is NotReady when its heartbeats have ended, and Ready again after it booted', async () => {
    const bench = await makeBench();
    const { controlPlane, worker } = await startPair(bench);
    const seen = async () =>
      (await bench.guest.status(controlPlane.ref)).kubernetes?.nodes.find((node) => node.name === worker.ref.name);
    await bench.hypervisor.powerOff(worker.ref);
    expect(await seen()).toMatchObject({ ready: true });
    await settle(bench);
    expect(await seen()).toMatchObject({ ready: false });
    await bench.hypervisor.start(worker.ref);
    await settle(bench);
    expect(await seen()).toMatchObject({ ready: true, version: 'v1.35.2' });
  });
});

describe('draining', () => {
  it('cordons, moves the pods, and leaves what somebody else cordoned', async () => {
    const bench = await makeBench();
    const { controlPlane, worker } = await startPair(bench);
    const node = worker.ref.name;
    const nodes = async () => (await bench.guest.status(controlPlane.ref)).kubernetes?.nodes ?? [];
    await bench.guest.call(controlPlane.ref, 'cordon', { node });
    expect(await operate(bench, controlPlane, 'drain', { node })).toMatchObject({ state: 'succeeded' });
    expect(await nodes()).toMatchObject([
      { evictablePods: 4 },
      { evictablePods: 0, unschedulable: true, cordonedByUs: true },
    ]);
    await bench.guest.call(controlPlane.ref, 'uncordon', { node });
    expect((await nodes())[1]).toMatchObject({ unschedulable: false, cordonedByUs: false });
    await bench.guest.call(controlPlane.ref, 'remove-node', { node });
    await bench.guest.call(controlPlane.ref, 'remove-node', { node });
    expect(await nodes()).toHaveLength(1);
    await expect(bench.guest.call(controlPlane.ref, 'cordon', { node })).rejects.toMatchObject({
      code: 'GuestOperation',
    });
  });
});
