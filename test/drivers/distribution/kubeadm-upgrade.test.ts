import { afterEach, describe, expect, it } from 'vitest';
import { shells } from '../guest/program/guest-root.ts';
import { archiveOf, type FakeNode } from './fake-node.ts';
import { makeKubeadmNode } from './kubeadm-programs.ts';

const nodes: FakeNode[] = [];
afterEach(() => {
  for (const node of nodes.splice(0)) node.remove();
});

const version = 'v1.36.3';
const join = { token: 'abcdef.0123456789abcdef', caHash: `sha256:${'d'.repeat(64)}`, address: '192.168.122.10' };

describe.each(shells)('kubeadm upgrade under %s', (shell) => {
  const running = async (role: 'control-plane' | 'worker' = 'control-plane'): Promise<FakeNode> => {
    const node = makeKubeadmNode(shell, role);
    nodes.push(node);
    await node.operate('bootstrap', 'bootstrap-first');
    if (role === 'worker') await node.operate('join', 'join-1', join);
    expect(await node.kubernetes()).toMatchObject({ phase: 'initialised', version: 'v1.36.1' });
    return node;
  };
  const asked = (node: FakeNode, start: string) => node.calls().filter((call) => call.startsWith(start));

  it('stages without touching what runs, and pulls only images that are missing', async () => {
    const node = await running();
    expect(await node.operate('stage', 'stage-1', { version })).toMatchObject({ code: 0, error: '' });
    expect(await node.kubernetes()).toMatchObject({ version: 'v1.36.1', staged: [version] });
    expect(asked(node, 'kubeadm config images pull')).toHaveLength(1);
    const held = ['kube-apiserver:v1.36.3', 'pause:3.10.2', 'etcd:3.6.8-0'];
    node.write('images', held.map((name) => `registry.k8s.io/${name}\n`).join(''));
    expect(await node.operate('stage', 'stage-2', { version })).toMatchObject({ code: 0 });
    expect(asked(node, 'kubeadm config images pull')).toHaveLength(1);
  });

  it('stages nothing that a mirror mislabels or that its containerd is too old for', async () => {
    const node = await running();
    expect((await node.operate('stage', 'stage-1', { version: 'v9.9.9' })).error).toMatch(/could not download/);
    node.write(
      'bin/containerd',
      '#!/bin/sh\necho "containerd github.com/containerd/containerd 1.7.24~ds1 1.7.24"\n',
      0o755,
    );
    expect((await node.operate('stage', 'stage-2', { version })).error).toMatch(/containerd 1\.7\.24.* is too old/);
    expect(await node.kubernetes()).toMatchObject({ staged: [] });
  });

  it('upgrades a control plane, keeps the programs before and clears away what kubeadm leaves', async () => {
    const node = await running();
    await node.operate('stage', 'stage-1', { version });
    expect(await node.operate('upgrade', 'upgrade-1', { version })).toMatchObject({
      code: 0,
      error: '',
      result: `version ${version}\n`,
    });
    expect(asked(node, 'kubeadm upgrade')).toEqual([
      `kubeadm upgrade apply ${version} --yes --config ${node.root}/etc/kreconcile/kubeadm/upgrade.yaml`,
    ]);
    expect(await node.kubernetes()).toMatchObject({ version, staged: [] });
    expect(node.read('var/lib/kreconcile-guest/previous/v1.36.1/kubelet')).toContain('v1.36.1');
    expect(node.has('etc/kubernetes/tmp/kubeadm-backup-etcd-1')).toBe(false);
    expect(await node.operate('upgrade', 'upgrade-2', { version })).toMatchObject({ code: 0 });
    expect(asked(node, 'kubeadm upgrade')).toHaveLength(1);
  });

  it('upgrades a worker by its own command', async () => {
    const node = await running('worker');
    await node.operate('stage', 'stage-1', { version });
    expect(asked(node, 'kubeadm config images pull')).toEqual([]);
    expect(await node.operate('upgrade', 'upgrade-1', { version })).toMatchObject({ code: 0, error: '' });
    expect(asked(node, 'kubeadm upgrade')[0]).toContain('kubeadm upgrade node --config');
    expect(await node.kubernetes()).toMatchObject({ version });
  });

  it("goes by today's configuration, not by that of first boot", async () => {
    const node = await running('worker');
    await node.operate('stage', 'stage-1', { version });
    const UPGRADE_CONFIGURATION = '{"kind":"UpgradeConfiguration","timeouts":{"upgradeManifests":"20m0s"}}';
    expect(await node.operate('upgrade', 'upgrade-1', { version, UPGRADE_CONFIGURATION })).toMatchObject({ code: 0 });
    expect(node.read('etc/kreconcile/kubeadm/upgrade.yaml')).toBe(`${UPGRADE_CONFIGURATION}\n`);
  });

  it('goes by the file that a seed of release 0.1.0 brought, where nothing newer is said', async () => {
    const node = await running('worker');
    node.set('UPGRADE_CONFIGURATION', '');
    node.write('etc/kreconcile/kubeadm/upgrade.yaml', 'kind: UpgradeConfiguration\n');
    await node.operate('stage', 'stage-1', { version });
    expect(await node.operate('upgrade', 'upgrade-1', { version })).toMatchObject({ code: 0 });
    expect(node.read('etc/kreconcile/kubeadm/upgrade.yaml')).toBe('kind: UpgradeConfiguration\n');
  });

  it('begins nothing that is not staged or while the API server is away', async () => {
    const node = await running();
    expect((await node.operate('upgrade', 'upgrade-1', { version })).error).toBe(`${version} is not staged`);
    await node.operate('stage', 'stage-1', { version });
    node.write('api-down', '');
    expect((await node.operate('upgrade', 'upgrade-2', { version })).error).toMatch(/API server does not answer/);
    expect(asked(node, 'kubeadm upgrade')).toEqual([]);
  });

  it('says why kubeadm gave up, without what its parts log beside it', async () => {
    const node = await running();
    await node.operate('stage', 'stage-1', { version });
    const cause =
      'failed to obtain static Pod hash for component kube-apiserver on Node dev-cp-1: Get "https://api.dev.example:6443/api/v1/pods": context deadline exceeded';
    node.write(
      'upgrade-says',
      `{"level":"warn","ts":"2026-11-21T16:09:12Z","msg":"retrying of unary invoker failed","error":"rpc error"}
[preflight] If you know what you are doing, you can make a check non-fatal with \`--ignore-preflight-errors=...\`
error: error execution phase control-plane: couldn't complete the static pod upgrade: couldn't upgrade control plane. kubeadm has tried to recover everything into the earlier state. Errors faced: ${cause}
To see the stack trace of this error execute with --v=5 or higher
`,
    );
    const { error } = await node.operate('upgrade', 'upgrade-1', { version });
    expect(error).toMatch(/^kubeadm upgrade apply: error: error execution phase control-plane: /);
    expect(error.trimEnd().endsWith(cause), error).toBe(true);
  });

  it('goes on where it was cut off: a manifest between two places, a control plane already done', async () => {
    const node = await running();
    await node.operate('stage', 'stage-1', { version });
    node.write('etc/kubernetes/tmp/kubeadm-backup-manifests-2026-11-20-01-02-03/etcd.yaml', 'kept');
    node.write('etc/kubernetes/manifests/etcd.yaml', '');
    node.write('broken-upgrade', '');
    expect((await node.operate('upgrade', 'upgrade-1', { version })).error).toContain('upgrade is broken');
    expect(node.read('etc/kubernetes/manifests/etcd.yaml')).toBe('kept');
    expect(await node.operate('upgrade', 'upgrade-2', { version })).toMatchObject({ code: 0 });
    expect(node.read('var/lib/kreconcile-guest/previous/v1.36.1/kubeadm')).toContain('v1.36.1');

    const half = await running();
    await half.operate('stage', 'stage-1', { version });
    half.write(`var/lib/kreconcile-guest/staged/${version}/applied`, '');
    expect(await half.operate('upgrade', 'upgrade-1', { version })).toMatchObject({ code: 0 });
    expect(asked(half, 'kubeadm upgrade')).toEqual([]);
    expect(await half.kubernetes()).toMatchObject({ version });
  });

  it('puts the kubelet back that served before, where the new one does not', async () => {
    const node = await running();
    await node.operate('stage', 'stage-1', { version });
    node.write('broken-kubelet', '');
    expect((await node.operate('upgrade', 'upgrade-1', { version })).error).toMatch(/does not report v1\.36\.3/);
    expect(await node.kubernetes()).toMatchObject({ version: 'v1.36.1', staged: [version] });
  });

  it('backs up the datastore with its certificates, opened before it is packed', async () => {
    const node = await running();
    expect(await node.operate('backup', 'backup-1')).toMatchObject({ code: 0, error: '' });
    const archive = archiveOf(node, 'var/lib/kreconcile-guest/backups/backup-1');
    expect(archive.text('snapshot.db')).toBe('snapshot\n');
    expect(archive.names).toContain('pki/ca.key');
    expect(node.has('var/lib/etcd/kreconcile-snapshot.db')).toBe(false);
    node.write('snapshot-status', '{"totalKey":0}\n');
    expect((await node.operate('backup', 'backup-2')).error).toMatch(/holds no keys/);
    expect(node.has('var/lib/kreconcile-guest/backups/backup-2')).toBe(false);
  });
});
