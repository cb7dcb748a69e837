import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Bench, makeBench, type Node, nodeNamed, operate, settle, startCluster, startNode } from './fixtures.ts';

async function upgrade(bench: Bench, node: Node, version: string) {
  await operate(bench, node, 'stage', { version });
  return operate(bench, node, 'upgrade', { version });
}

describe('an upgrade', () => {
  it('runs a staged version, in the same power cycle, with the same cluster', async () => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    const before = await bench.guest.status(node.ref);
    expect(await upgrade(bench, node, 'v1.36.1')).toMatchObject({ state: 'succeeded' });
    const after = await bench.guest.status(node.ref);
    expect(after.bootId).toBe(before.bootId);
    expect(after.kubernetes).toMatchObject({
      version: 'v1.36.1',
      apiReady: true,
      clusterUid: before.kubernetes?.clusterUid,
      nodes: [{ version: 'v1.36.1', ready: true }],
    });
  });

  it.each([
    ['v1.37.0', 'skipped'],
    ['v1.34.9', 'downgraded'],
  ])('to %s is refused: a minor version is never skipped, and never goes down', async (version, why) => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    expect(await upgrade(bench, node, version)).toMatchObject({
      state: 'failed',
      message: expect.stringContaining(why),
    });
    expect((await bench.guest.status(node.ref)).kubernetes?.version).toBe('v1.35.2');
  });

  it('to a version that is not staged, or that nobody released, is refused', async () => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    expect(await operate(bench, node, 'upgrade', { version: 'v1.36.1' })).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('staged'),
    });
    expect(await operate(bench, node, 'stage', { version: 'latest' })).toMatchObject({ state: 'failed' });
  });

  it('of a worker past its control plane is refused', async () => {
    const bench = await makeBench();
    const controlPlane = await startCluster(bench);
    const worker = nodeNamed('dev-general-1', { role: 'worker' });
    await startNode(bench, worker);
    await settle(bench);
    const { token = '' } = await bench.guest.call(controlPlane.ref, 'join-info', {});
    await operate(bench, worker, 'join', { token });
    expect(await upgrade(bench, worker, 'v1.36.1')).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('newer'),
    });
    await upgrade(bench, controlPlane, 'v1.36.1');
    expect(await upgrade(bench, worker, 'v1.36.1')).toMatchObject({ state: 'succeeded' });
  });

  it('that lost its power is told as interrupted', async () => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    await operate(bench, node, 'stage', { version: 'v1.36.1' });
    await bench.guest.startOperation(node.ref, { id: 'upgrade-0-1', verb: 'upgrade', input: { version: 'v1.36.1' } });
    await bench.hypervisor.powerOff(node.ref);
    await bench.hypervisor.start(node.ref);
    await settle(bench);
    const { operations, kubernetes } = await bench.guest.status(node.ref);
    expect(operations.at(-1)).toMatchObject({ state: 'failed', message: expect.stringContaining('interrupted') });
    expect(kubernetes).toMatchObject({ version: 'v1.35.2', apiReady: true });
  });
});

describe('a backup', () => {
  it('can be read in pieces and has the digest and size that its operation told', async () => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    const { id, state, result } = await operate(bench, node, 'backup');
    expect(state).toBe('succeeded');
    const pieces: Uint8Array[] = [];
    for (let offset = 0; ; ) {
      const piece = await bench.guest.readBackup(node.ref, id, offset);
      if (piece.length === 0) break;
      pieces.push(piece);
      offset += piece.length;
    }
    const whole = Buffer.concat(pieces);
    expect(result).toEqual({
      sha256: createHash('sha256').update(whole).digest('hex'),
      size: String(whole.length),
    });
  });

  it('of an operation that never ran cannot be read', async () => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    await expect(bench.guest.readBackup(node.ref, 'backup-0-1', 0)).rejects.toMatchObject({ code: 'GuestOperation' });
  });
});

describe('the in-guest program', () => {
  it('is replaced, and an operation of a known id is not started again', async () => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    await bench.guest.installProgram(node.ref, '#!/bin/sh\n');
    const digest = createHash('sha256').update('#!/bin/sh\n').digest('hex');
    expect((await bench.guest.status(node.ref)).program).toBe(`sha256:${digest}`);
    await bench.guest.startOperation(node.ref, { id: 'bootstrap-first', verb: 'bootstrap', input: {} });
    expect((await bench.guest.status(node.ref)).operations).toMatchObject([{ state: 'succeeded' }]);
  });
});
