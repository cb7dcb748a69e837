import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { shells } from '../guest/program/guest-root.ts';
import { type FakeNode, sha256 } from './fake-node.ts';
import { makeKubeadmNode } from './kubeadm-programs.ts';

// Each starts some hundred processes, one after the other.
vi.setConfig({ testTimeout: 180_000 });

const nodes: FakeNode[] = [];
afterEach(() => {
  for (const node of nodes.splice(0)) node.remove();
});

const from = 'v1.36.1';
const patch = 'v1.36.3';
const minor = 'v1.37.0';
const data = 'var/lib/etcd/member/data';

const running = async (shell: string): Promise<FakeNode> => {
  const node = makeKubeadmNode(shell, 'control-plane');
  nodes.push(node);
  await node.operate('bootstrap', 'bootstrap-first');
  await node.operate('backup', 'backup-1');
  node.write(data, 'written later');
  node.write('running', '');
  return node;
};
/** Upgraded to the version, or as far as the upgrade came. */
const upgraded = async (shell: string, version: string, broken?: string): Promise<FakeNode> => {
  const node = await running(shell);
  await node.operate('stage', 'stage-1', { version });
  if (broken) node.write(broken, '');
  await node.operate('upgrade', 'upgrade-1', { version });
  return node;
};
const asked = (node: FakeNode, start: string) => node.calls().filter((call) => call.startsWith(start));
const kept = `etc/kubernetes/kreconcile/previous/${from}/datastore`;
const left = [
  'var/lib/etcd/kreconcile-failed',
  'var/lib/etcd/kreconcile-restored',
  'etc/kubernetes/kreconcile/rollback',
];

describe.each(shells)('kubeadm rollback under %s', (shell) => {
  it('to another minor brings programs and configuration back, and the datastore as the upgrade found it', async () => {
    const node = await upgraded(shell, minor);
    expect(await node.kubernetes()).toMatchObject({ version: minor, apiVersion: minor });
    const input = { version: minor, to: from, backup: 'backup-1' };
    expect(await node.operate('rollback', 'rollback-1', input)).toMatchObject({
      code: 0,
      error: '',
      result: `version ${from}\nrestored yes\n`,
    });
    expect(await node.kubernetes()).toMatchObject({ version: from, apiVersion: from });
    expect(node.read(data)).toBe('snapshot\nwritten later');
    expect(node.read('var/lib/kubelet/config.yaml')).toBe(`config of ${from}\n`);
    expect(node.read('etc/kubernetes/pki/apiserver.crt')).toBe('apiserver.crt of init\n');
    expect(node.read('etc/kubernetes/kreconcile/version')).toBe(`${from}\n`);
    expect(node.read('usr/local/bin/kubeadm')).toContain(from);
    const calls = node.calls();
    expect(calls.indexOf('ctr -n k8s.io tasks kill --signal SIGTERM etcd-container')).toBeGreaterThan(
      calls.lastIndexOf('systemctl stop kubelet'),
    );
    expect(asked(node, 'etcdutl snapshot restore /').at(-1)).toMatch(
      /--name dev-cp-1 --initial-cluster dev-cp-1=https:\/\/192\.168\.122\.10:2380 .* --bump-revision 1000000000 --mark-compacted$/,
    );
    for (const path of left) expect(node.has(path)).toBe(false);
    expect(await node.operate('rollback', 'rollback-2', input)).toMatchObject({
      code: 0,
      result: `version ${from}\nrestored no\n`,
    });
    expect(asked(node, 'etcdutl snapshot restore /')).toHaveLength(1);
  });

  it('within a minor loses nothing, and lets a later try apply again', async () => {
    const node = await upgraded(shell, patch);
    expect(await node.operate('rollback', 'rollback-1', { version: patch, to: from })).toMatchObject({
      code: 0,
      result: `version ${from}\nrestored no\n`,
    });
    expect(node.read(data)).toBe('written later');
    expect(await node.kubernetes()).toMatchObject({ version: from, apiVersion: from, staged: [] });
    await node.operate('stage', 'stage-2', { version: patch });
    expect(await node.operate('upgrade', 'upgrade-2', { version: patch })).toMatchObject({ code: 0 });
    expect(asked(node, 'kubeadm upgrade apply')).toHaveLength(2);
    expect(await node.kubernetes()).toMatchObject({ version: patch, apiVersion: patch });
  });

  it('within a minor falls back on the backup where the older version cannot read the data', async () => {
    const node = await upgraded(shell, patch);
    rmSync(join(node.root, data));
    node.write('unreadable', '');
    expect(
      await node.operate('rollback', 'rollback-1', { version: patch, to: from, backup: 'backup-1' }),
    ).toMatchObject({
      code: 0,
      result: `version ${from}\nrestored yes\n`,
    });
    expect(node.read(data)).toBe('snapshot\n');
  });

  it('gives the older version all the time to come up before data goes back for it', async () => {
    const node = await upgraded(shell, patch);
    node.set('API_WAIT_SECONDS', '9');
    node.write('slow', '5');
    const input = { version: patch, to: from, backup: 'backup-1' };
    expect(await node.operate('rollback', 'rollback-1', input)).toMatchObject({
      result: `version ${from}\nrestored no\n`,
    });
    expect(node.read(data)).toBe('written later');
  });

  it('puts no data back for a kubelet that does not report, and stops nothing again once all is back', async () => {
    const node = await upgraded(shell, patch);
    node.write('unreported', '');
    const input = { version: patch, to: from, backup: 'backup-1' };
    expect((await node.operate('rollback', 'rollback-1', input)).error).toMatch(/the kubelet does not report/);
    expect(node.read(data)).toBe('written later');
    const stops = asked(node, 'systemctl stop kubelet').length;
    node.write('reported', from);
    expect(await node.operate('rollback', 'rollback-2', input)).toMatchObject({
      result: `version ${from}\nrestored no\n`,
    });
    expect(asked(node, 'systemctl stop kubelet')).toHaveLength(stops);
    for (const path of left) expect(node.has(path)).toBe(false);
  });

  it.each(['broken-late', 'broken-kubelet'])('leads out of an upgrade by %s', async (broken) => {
    const node = await upgraded(shell, minor, broken);
    rmSync(join(node.root, broken), { force: true });
    const input = { version: minor, to: from, backup: 'backup-1' };
    expect(await node.operate('rollback', 'rollback-1', input)).toMatchObject({
      code: 0,
      result: `version ${from}\nrestored yes\n`,
    });
    expect(await node.kubernetes()).toMatchObject({ version: from, apiVersion: from });
  });

  it('of an upgrade that kept no datastore, or a damaged one, takes the backup from before', async () => {
    const node = await upgraded(shell, minor);
    node.write(kept, 'cut off');
    const input = { version: minor, to: from, backup: 'backup-1' };
    expect(await node.operate('rollback', 'rollback-1', input)).toMatchObject({
      code: 0,
      result: `version ${from}\nrestored yes\n`,
    });
    expect(node.read(data)).toBe('snapshot\n');
  });

  it('is begun only once the datastore is kept', async () => {
    const node = await running(shell);
    await node.operate('stage', 'stage-1', { version: minor });
    node.write('snapshot-status', '{"totalKey":0}\n');
    expect((await node.operate('upgrade', 'upgrade-1', { version: minor })).error).toMatch(/holds no keys/);
    expect(await node.kubernetes()).toMatchObject({ version: from, apiVersion: from });
    expect(asked(node, 'kubeadm upgrade apply')).toEqual([]);
  });

  it('of an upgrade that touched nothing keeps the data', async () => {
    const node = await upgraded(shell, minor, 'broken-upgrade');
    expect(await node.operate('rollback', 'rollback-1', { version: minor, to: from })).toMatchObject({
      code: 0,
      result: `version ${from}\nrestored no\n`,
    });
    expect(node.read(data)).toBe('written later');
    expect(node.read('usr/local/bin/kubeadm')).toContain(from);
  });

  it('changes nothing without the backup that it needs, or to what was never kept', async () => {
    const node = await upgraded(shell, minor);
    rmSync(join(node.root, kept));
    expect(
      (await node.operate('rollback', 'rollback-1', { version: minor, to: from, backup: 'backup-9' })).error,
    ).toMatch(/nothing was changed/);
    expect((await node.operate('rollback', 'rollback-2', { version: minor, to: 'v1.35.0' })).error).toMatch(
      /nothing of v1\.35\.0/,
    );
    expect(await node.kubernetes()).toMatchObject({ version: minor, apiVersion: minor, serviceActive: true });
    expect(node.read(data)).toBe('written later');
  });

  it('cut off in the middle goes on, and starts nothing of the newer version meanwhile', async () => {
    const node = await upgraded(shell, minor);
    node.write('broken-etcdutl', '');
    const input = { version: minor, to: from, backup: 'backup-1' };
    expect((await node.operate('rollback', 'rollback-1', input)).error).toMatch(/snapshot is broken/);
    expect(node.has('etc/kubernetes/manifests/etcd.yaml')).toBe(false);
    // As between two renames: the old datastore is away and the new one not yet in place.
    cpSync(join(node.root, 'var/lib/etcd/member'), join(node.root, 'var/lib/etcd/kreconcile-failed'), {
      recursive: true,
    });
    rmSync(join(node.root, 'var/lib/etcd/member'), { recursive: true });
    node.write('var/lib/etcd/kreconcile-restored/member/data', 'restored before');
    node.write('var/lib/etcd/kreconcile-restored/.complete', '');
    expect(await node.operate('rollback', 'rollback-2', input)).toMatchObject({
      code: 0,
      result: `version ${from}\nrestored yes\n`,
    });
    expect(node.read(data)).toBe('restored before');
    for (const path of left) expect(node.has(path)).toBe(false);
  });
});

describe.each(shells)('kubeadm restore under %s', (shell) => {
  it('brings datastore and keys of the lost machine back on a fresh one', async () => {
    const lost = await running(shell);
    const node = makeKubeadmNode(shell, 'control-plane');
    nodes.push(node);
    node.set('RESTORE', '1');
    await node.operate('bootstrap', 'bootstrap-first');
    const backup = 'var/lib/kreconcile-guest/backups/backup-1';
    node.write('var/lib/kreconcile-guest/backups/.keep', '');
    cpSync(join(lost.root, backup), join(node.root, backup));
    const input = { backup: 'backup-1', version: from, sha256: lost.digest(backup) };
    expect((await node.operate('restore', 'restore-1', { ...input, sha256: sha256('other') })).error).toMatch(/digest/);
    expect((await node.operate('restore', 'restore-2', { ...input, version: minor })).error).toMatch(/is of v1\.37\.0/);
    node.write('broken-init', '');
    expect((await node.operate('restore', 'restore-3', input)).error).toMatch(/init is broken/);
    expect(asked(node, 'kubeadm reset')).toEqual([]);
    expect(await node.operate('bootstrap', 'bootstrap-2')).toMatchObject({ code: 0 });
    expect(await node.operate('restore', 'restore-4', input)).toMatchObject({
      code: 0,
      error: '',
      result: `version ${from}\n`,
    });
    expect(asked(node, 'etcdutl snapshot restore /')).toHaveLength(1);
    expect(node.read(data)).toBe('snapshot\n');
    expect(node.read('etc/kubernetes/pki/etcd/ca.key')).toBe('etcd/ca.key of init\n');
    expect(node.has('etc/kubernetes/kreconcile/restoring')).toBe(false);
    expect(await node.kubernetes()).toMatchObject({ phase: 'initialised', version: from, apiVersion: from });
    expect(await node.operate('restore', 'restore-5', input)).toMatchObject({ code: 0 });
    expect(asked(node, 'kubeadm init')).toHaveLength(2);
  });
});

describe.each(shells)('a kubeadm node is looked after under %s', (shell) => {
  it('renews certificates and lets the kubelet start the control plane anew', async () => {
    const node = await running(shell);
    const before = (await node.kubernetes()).kubeconfigDigest;
    expect(await node.operate('renew-certificates', 'renew-1')).toMatchObject({ code: 0, error: '' });
    expect(asked(node, 'ctr -n k8s.io tasks kill')).toHaveLength(1);
    expect((await node.kubernetes()).kubeconfigDigest).not.toBe(before);
  });

  it('restarts the kubelet', async () => {
    const node = await running(shell);
    expect(await node.operate('restart', 'restart-1')).toMatchObject({ code: 0, error: '' });
    expect(node.calls().at(-1)).toBe('systemctl restart kubelet');
  });
});
