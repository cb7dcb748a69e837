import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { shells } from '../guest/program/guest-root.ts';
import type { FakeNode } from './fake-node.ts';
import { holdKubernetes, makeKubeadmNode } from './kubeadm-programs.ts';
import type { NodeChanges } from './nodes.ts';

const nodes: FakeNode[] = [];
afterEach(() => {
  for (const node of nodes.splice(0)) node.remove();
});

describe.each(shells)('kubeadm bootstrap under %s', (shell) => {
  const make = (role: 'control-plane' | 'worker' = 'control-plane', changes: NodeChanges = {}): FakeNode => {
    const node = makeKubeadmNode(shell, role, changes);
    nodes.push(node);
    return node;
  };
  const asked = (node: FakeNode, start: string) => node.calls().filter((call) => call.startsWith(start));

  it('turns a bare machine into a cluster of one', async () => {
    const node = make();
    expect(await node.operate('bootstrap', 'bootstrap-first')).toMatchObject({ code: 0, error: '' });
    expect(asked(node, 'kubeadm init')).toEqual([
      `kubeadm init --config ${node.root}/etc/kreconcile/kubeadm/init.yaml`,
    ]);
    expect(await node.kubernetes()).toMatchObject({ phase: 'initialised', version: 'v1.36.1' });
    expect(node.read('etc/containerd/config.toml')).toContain("sandbox = 'registry.k8s.io/pause:3.10.2'");
    expect(node.read('etc/cni/net.d/10-kreconcile.conflist')).toContain('"subnet": "10.42.0.0/24"');
    const dropIn = node.read('etc/systemd/system/kubelet.service.d/10-kubeadm.conf');
    expect(dropIn).toContain(`ExecStart=${node.root}/usr/local/bin/kubelet $KUBELET_KUBECONFIG_ARGS`);
    expect(node.read('etc/hosts')).toContain('127.0.0.1 api.dev.example');
    expect(node.calls()).toEqual(
      expect.arrayContaining(['systemctl enable --quiet kubelet', 'systemctl restart containerd']),
    );
    expect(node.has('opt/cni/bin/bridge')).toBe(true);
  });

  it('tells nobody the token that init makes', async () => {
    const node = make();
    const { log } = await node.operate('bootstrap', 'bootstrap-first');
    expect(log).not.toContain('0123456789abcdef');
  });

  it('run again, changes nothing and downloads nothing', async () => {
    const node = make();
    await node.operate('bootstrap', 'bootstrap-first');
    node.set('KUBERNETES_MIRROR', 'file:///nowhere');
    expect(await node.operate('bootstrap', 'bootstrap-2')).toMatchObject({ code: 0 });
    expect(asked(node, 'kubeadm init')).toHaveLength(1);
  });

  it('uses what the image holds and leaves a packaged unit alone', async () => {
    const node = make();
    holdKubernetes(node, 'v1.36.1');
    node.write('usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf', '[Service]\n');
    node.set('KUBERNETES_MIRROR', 'file:///nowhere');
    expect(await node.operate('bootstrap', 'bootstrap-first')).toMatchObject({ code: 0, error: '' });
    expect(node.has('etc/systemd/system/kubelet.service')).toBe(false);
  });

  it('replaces what the image holds in another version', async () => {
    const node = make('worker');
    holdKubernetes(node, 'v1.35.4');
    expect(await node.operate('bootstrap', 'bootstrap-first')).toMatchObject({ code: 0 });
    expect(await node.kubernetes()).toMatchObject({ phase: 'installed', version: 'v1.36.1' });
  });

  it('installs nothing whose digest is not the stated one', async () => {
    const node = make();
    node.publish('release/v1.36.1/bin/linux/amd64/kubelet', 'something else');
    const { code, error } = await node.operate('bootstrap', 'bootstrap-first');
    expect(code).not.toBe(0);
    expect(error).toMatch(/kubelet does not have the digest/);
    expect(node.has('usr/local/bin/kubelet')).toBe(false);
    expect(asked(node, 'kubeadm init')).toEqual([]);
  });

  it('says what kubeadm complained about', async () => {
    const node = make();
    node.write('broken-init', '');
    expect((await node.operate('bootstrap', 'bootstrap-first')).error).toContain('kubeadm init: error: init is broken');
    expect(await node.kubernetes()).toMatchObject({ phase: 'installed' });
    expect(await node.operate('bootstrap', 'bootstrap-2')).toMatchObject({ code: 0 });
  });

  it('resumes an init that the power cut off, without a reset', async () => {
    const node = make();
    node.write('etc/kubernetes/pki/ca.key', 'from before');
    node.write('var/lib/etcd/member/wal', 'from before');
    expect(await node.operate('bootstrap', 'bootstrap-first')).toMatchObject({ code: 0 });
    const [init] = asked(node, 'kubeadm init');
    expect(init).toContain('--ignore-preflight-errors=DirAvailable--var-lib-etcd,Port-6443');
    expect(node.read('var/lib/etcd/member/wal')).toBe('from before');
  });

  it('starts over only on a disk that came new with this first boot', async () => {
    const fresh = make();
    fresh.write('etc/kubernetes/pki/ca.key', '');
    fresh.write('var/lib/etcd/member/wal', 'half');
    fresh.write('broken-init', '');
    expect(await fresh.operate('bootstrap', 'bootstrap-first')).toMatchObject({ code: 0 });
    expect(asked(fresh, 'kubeadm reset')).toHaveLength(1);
    expect(fresh.has('var/lib/etcd/member/wal')).toBe(false);

    const old = make();
    old.set('STATE_NEW', '0');
    old.write('etc/kubernetes/pki/ca.key', 'key');
    old.write('var/lib/etcd/member/wal', 'data');
    old.write('broken-init', '');
    expect((await old.operate('bootstrap', 'bootstrap-first')).code).not.toBe(0);
    expect(asked(old, 'kubeadm reset')).toEqual([]);
    expect(old.read('var/lib/etcd/member/wal')).toBe('data');
  });

  it('makes no new cluster over a datastore that lost its certificates', async () => {
    const node = make();
    node.set('STATE_NEW', '0');
    node.write('var/lib/etcd/member/wal', 'data');
    expect((await node.operate('bootstrap', 'bootstrap-first')).error).toMatch(/datastore without the certificates/);
    expect(asked(node, 'kubeadm init')).toEqual([]);
    expect(node.read('var/lib/etcd/member/wal')).toBe('data');
  });

  it('returns to its cluster on a new root disk, in the version that ran there', async () => {
    const node = make();
    holdKubernetes(node, 'v1.35.4');
    node.write('etc/kubernetes/kreconcile/version', 'v1.36.3\n');
    for (const name of ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'])
      node.write(`etc/kubernetes/manifests/${name}.yaml`, 'v1.36.3\n');
    node.write('etc/kubernetes/kreconcile/member', 'dev-cp-1\n');
    node.write('etc/kubernetes/kreconcile/endpoint-address', '127.0.0.1\n');
    node.write('etc/kubernetes/kreconcile/configuration', node.digest('etc/kreconcile/kubeadm/configuration.yaml'));
    node.write('etc/kubernetes/kreconcile/pod-subnet', '10.42.7.0/24\n');
    expect(await node.kubernetes()).toMatchObject({ phase: 'absent' });
    expect(await node.operate('bootstrap', 'bootstrap-first')).toMatchObject({ code: 0, error: '' });
    expect(asked(node, 'kubeadm init')).toEqual([]);
    expect(node.calls()).toContain('systemctl start kubelet');
    expect(node.read('etc/cni/net.d/10-kreconcile.conflist')).toContain('10.42.7.0/24');
    expect(await node.kubernetes()).toMatchObject({ phase: 'initialised', version: 'v1.36.3', apiVersion: 'v1.36.3' });
    expect(node.calls().some((call) => call.includes('pod-routes.timer'))).toBe(false);
  });

  it('keeps the routes to other nodes on a new root disk', async () => {
    const node = make();
    await node.operate('bootstrap', 'bootstrap-first');
    await node.call('join-info');
    node.write('calls', '');
    rmSync(join(node.root, 'var/lib/kreconcile-guest'), { recursive: true });
    expect(await node.operate('bootstrap', 'bootstrap-2')).toMatchObject({ code: 0, error: '' });
    expect(node.calls()).toContain('systemctl enable --quiet kreconcile-pod-routes.timer');
  });

  it('stops before it makes a cluster where a backup is to be brought back', async () => {
    const node = make();
    node.set('RESTORE', '1');
    expect(await node.operate('bootstrap', 'bootstrap-first')).toMatchObject({ code: 0, error: '' });
    expect(await node.operate('bootstrap', 'bootstrap-2')).toMatchObject({ code: 0, error: '' });
    expect(await node.kubernetes()).toMatchObject({ phase: 'installed', version: 'v1.36.1' });
    expect(asked(node, 'kubeadm init')).toEqual([]);
  });

  it('applies the network manifest of the repository', async () => {
    const node = make('control-plane', {
      cluster: { cniManifest: 'kind: List\n' },
      kubernetes: { cni: { plugin: 'manifest', manifest: 'cni.yaml' } },
    });
    expect(await node.operate('bootstrap', 'bootstrap-first')).toMatchObject({ code: 0 });
    expect(
      asked(node, 'kubectl').some((call) => call.includes('apply --server-side') && call.endsWith('/cni.yaml')),
    ).toBe(true);
    expect(node.has('etc/cni/net.d/10-kreconcile.conflist')).toBe(false);
  });
});
