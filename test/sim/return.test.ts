import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { setFaults, setVeto, useLocalData } from '../../src/sim/outside.ts';
import { type Bench, makeBench, type Node, nodeNamed, operate, settle, startCluster, startNode } from './fixtures.ts';

const newer = 'v1.36.1';
const older = 'v1.35.2';

/** A cluster of one with an object in it, and the id of a backup that knows the object. */
async function backedUp(bench: Bench): Promise<{ readonly node: Node; readonly backup: string }> {
  const node = await startCluster(bench);
  await put(bench, 'kept');
  const { id } = await operate(bench, node, 'backup');
  await put(bench, 'later');
  await operate(bench, node, 'stage', { version: newer });
  return { node, backup: id };
}

async function put(bench: Bench, name: string): Promise<void> {
  await bench.world.change(({ state }) => {
    for (const cluster of Object.values(state.clusters)) {
      cluster.objects[`configmaps/default/${name}`] = { metadata: { name, namespace: 'default' } };
    }
  });
}

function objects(bench: Bench): Promise<readonly string[]> {
  return bench.world.look(({ state }) =>
    Object.values(state.clusters).flatMap((cluster) => Object.keys(cluster.objects)),
  );
}

const kubernetesOf = async (bench: Bench, node: Node) => (await bench.guest.status(node.ref)).kubernetes;

describe('a rollback', () => {
  it('to the minor before puts the program back, and the datastore as the upgrade found it', async () => {
    const bench = await makeBench();
    const { node, backup } = await backedUp(bench);
    await operate(bench, node, 'upgrade', { version: newer });
    expect(await kubernetesOf(bench, node)).toMatchObject({ version: newer, apiVersion: newer });
    expect(await operate(bench, node, 'rollback', { version: newer, to: older, backup })).toMatchObject({
      state: 'succeeded',
      result: { version: older, restored: 'yes' },
    });
    const after = await kubernetesOf(bench, node);
    expect(after).toMatchObject({ version: older, apiVersion: older, nodes: [{ version: older, ready: true }] });
    expect(await objects(bench)).toEqual(['configmaps/default/kept', 'configmaps/default/later']);
    expect(await operate(bench, node, 'rollback', { version: newer, to: older, backup })).toMatchObject({
      state: 'succeeded',
      result: { restored: 'no' },
    });
  });

  it('within a minor keeps what was written since', async () => {
    const bench = await makeBench();
    const { node, backup } = await backedUp(bench);
    await operate(bench, node, 'stage', { version: 'v1.35.9' });
    await operate(bench, node, 'upgrade', { version: 'v1.35.9' });
    expect(await operate(bench, node, 'rollback', { version: 'v1.35.9', to: older, backup })).toMatchObject({
      result: { restored: 'no' },
    });
    expect(await objects(bench)).toEqual(['configmaps/default/kept', 'configmaps/default/later']);
  });

  it('of an upgrade that stopped halfway brings the API server back too', async () => {
    const bench = await makeBench();
    const { node, backup } = await backedUp(bench);
    await setFaults(bench.world, [{ on: 'upgrade', kind: 'fail', halfway: true, only: newer }]);
    expect(await operate(bench, node, 'upgrade', { version: newer })).toMatchObject({ state: 'failed' });
    expect(await kubernetesOf(bench, node)).toMatchObject({ version: older, apiVersion: newer });
    expect(await operate(bench, node, 'rollback', { version: newer, to: older, backup })).toMatchObject({
      result: { restored: 'yes' },
    });
    expect(await kubernetesOf(bench, node)).toMatchObject({ version: older, apiVersion: older, apiReady: true });
  });

  it('leads out of a version that never gets ready', async () => {
    const bench = await makeBench();
    const { node, backup } = await backedUp(bench);
    await setFaults(bench.world, [{ on: 'nodeReady', kind: 'fail', only: newer }]);
    await operate(bench, node, 'upgrade', { version: newer });
    expect((await kubernetesOf(bench, node))?.nodes).toMatchObject([{ version: newer, ready: false }]);
    await operate(bench, node, 'rollback', { version: newer, to: older, backup });
    expect((await kubernetesOf(bench, node))?.nodes).toMatchObject([{ version: older, ready: true }]);
  });

  it('takes the backup where the upgrade kept no datastore; without one, or to what was never kept, it changes nothing', async () => {
    const bench = await makeBench();
    const { node, backup: made } = await backedUp(bench);
    await operate(bench, node, 'upgrade', { version: newer });
    await bench.world.change(({ state }) => {
      for (const folder of Object.values(state.folders)) delete folder.stateDisk?.member?.before;
    });
    for (const [to, backup, why] of [
      [older, '', 'no backup'],
      ['v1.34.0', 'x', 'nothing of v1.34.0'],
    ] as const) {
      expect(await operate(bench, node, 'rollback', { version: newer, to, backup })).toMatchObject({
        state: 'failed',
        message: expect.stringContaining(why),
      });
    }
    expect(await kubernetesOf(bench, node)).toMatchObject({ version: newer, apiReady: true });
    await operate(bench, node, 'rollback', { version: newer, to: older, backup: made });
    expect(await objects(bench)).toEqual(['configmaps/default/kept']);
  });
});

describe('a restore', () => {
  /** A machine of the same name after the first was lost with its disks, and the bytes of the backup. */
  async function lost(bench: Bench): Promise<{ readonly node: Node; readonly bytes: Buffer; readonly uid: string }> {
    const { node, backup } = await backedUp(bench);
    const uid = (await kubernetesOf(bench, node))?.clusterUid ?? '';
    const bytes = Buffer.from(await bench.guest.readBackup(node.ref, backup, 0));
    await bench.hypervisor.powerOff(node.ref);
    await bench.hypervisor.deleteMachine(node.ref, 'Delete');
    const { seed } = node.disks;
    const settings = Buffer.from(`VERSION='${older}'\nSTATE_NEW='1'\nRESTORE='1'\n`).toString('base64');
    const userData = `#cloud-config\nwrite_files:\n  - {path: /etc/kreconcile/node.env, encoding: b64, content: ${settings}}\n`;
    const fresh = { ...nodeNamed('dev-cp-1'), disks: { ...node.disks, seed: { ...seed, userData } } };
    await startNode(bench, fresh);
    await settle(bench);
    return { node: fresh, bytes, uid };
  }

  it('leaves room at first boot and brings the same cluster back from the uploaded file', async () => {
    const bench = await makeBench();
    const { node, bytes, uid } = await lost(bench);
    expect(await kubernetesOf(bench, node)).toMatchObject({ phase: 'installed', clusterUid: null });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const input = { backup: 'backup-1', version: older, sha256 };
    expect(await operate(bench, node, 'restore', input)).toMatchObject({ state: 'failed' });
    await bench.guest.writeBackup(node.ref, 'backup-1', 0, bytes.subarray(0, 100));
    expect(await operate(bench, node, 'restore', input)).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('digest'),
    });
    await bench.guest.writeBackup(node.ref, 'backup-1', 100, bytes.subarray(100));
    expect(await operate(bench, node, 'restore', input)).toMatchObject({ state: 'succeeded' });
    expect(await kubernetesOf(bench, node)).toMatchObject({
      phase: 'initialised',
      apiVersion: older,
      clusterUid: uid,
      nodes: [{ name: 'dev-cp-1', ready: true }],
    });
    expect(await objects(bench)).toEqual(['configmaps/default/kept']);
    expect(await operate(bench, node, 'restore', input)).toMatchObject({ state: 'succeeded' });
  });
});

describe('looking after a node', () => {
  it('renews certificates, which makes another kubeconfig', async () => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    const before = await kubernetesOf(bench, node);
    expect(await operate(bench, node, 'renew-certificates')).toMatchObject({ state: 'succeeded' });
    const after = await kubernetesOf(bench, node);
    expect(after?.kubeconfigDigest).not.toBe(before?.kubeconfigDigest);
    expect(after?.certificatesExpireAtMs).toBeGreaterThan(before?.certificatesExpireAtMs ?? 0);
    expect(after).toMatchObject({ apiReady: true, nodes: [{ ready: true }] });
  });

  it('restarts the service', async () => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    expect(await operate(bench, node, 'restart')).toMatchObject({ state: 'succeeded' });
    expect(await kubernetesOf(bench, node)).toMatchObject({ serviceActive: true, nodes: [{ ready: true }] });
  });

  it('tells what is used outside the kept paths, and a veto', async () => {
    const bench = await makeBench();
    const node = await startCluster(bench);
    expect((await operate(bench, node, 'survey')).result).toEqual({ outside: '' });
    await useLocalData(bench.world, 'dev-cp-1', 'default/web:/srv/data');
    expect((await operate(bench, node, 'survey')).result).toEqual({ outside: 'default/web:/srv/data' });
    expect((await bench.guest.status(node.ref)).veto).toBeNull();
    await setVeto(bench.world, 'dev-cp-1', 'a long job runs');
    expect((await bench.guest.status(node.ref)).veto).toBe('a long job runs');
  });
});
