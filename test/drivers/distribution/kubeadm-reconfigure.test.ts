import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { shells } from '../guest/program/guest-root.ts';
import type { FakeNode } from './fake-node.ts';
import { makeKubeadmNode } from './kubeadm-programs.ts';

const nodes: FakeNode[] = [];
afterEach(() => {
  for (const node of nodes.splice(0)) node.remove();
});

const FILES = 'etc/kreconcile/kubeadm';
const NOTE = 'etc/kubernetes/kreconcile/configuration';
const phases = (node: FakeNode) =>
  node.calls().flatMap((call) => /^kubeadm ((?:init|upgrade node) phase .*?)(?: --config .*)?$/.exec(call)?.[1] ?? []);

describe.each(shells)('kubeadm configuration under a state disk under %s', (shell) => {
  /** A member on a new root disk whose seed configures something else; the state disk is as it was. */
  const onNewRoot = async (role: 'control-plane' | 'worker', configuration?: string): Promise<FakeNode> => {
    const node = makeKubeadmNode(shell, role);
    nodes.push(node);
    await node.operate('bootstrap', 'bootstrap-first');
    if (role === 'worker') await node.operate('join', 'join-1', joining);
    node.write('calls', '');
    rmSync(join(node.root, 'var/lib/kreconcile-guest'), { recursive: true });
    if (configuration !== undefined) node.write(`${FILES}/configuration.yaml`, configuration);
    return node;
  };
  const joining = { token: 'abcdef.0123456789abcdef', caHash: `sha256:${'d'.repeat(64)}`, address: '192.168.122.10' };
  const again = (node: FakeNode, attempt: number) => node.operate('bootstrap', `bootstrap-${attempt}`);

  it('stays as it is on a new root disk that asks for nothing else', async () => {
    for (const role of ['control-plane', 'worker'] as const) {
      const node = await onNewRoot(role);
      expect(await again(node, 2)).toMatchObject({ code: 0, error: '' });
      expect(phases(node)).toEqual([]);
    }
  });

  it('is written anew on a control plane whose new root disk asks for something else, once', async () => {
    const node = await onNewRoot('control-plane', 'maxPods: 77\n');
    node.write('etc/kubernetes/kreconcile/version', 'v1.36.3\n');
    expect(await again(node, 2)).toMatchObject({ code: 0, error: '' });
    expect(phases(node)).toEqual([
      'init phase certs apiserver',
      'init phase control-plane all',
      'init phase etcd local',
      'init phase kubelet-start',
      'init phase upload-config all',
      'init phase addon kube-proxy',
    ]);
    expect(node.read('phase-seen')).toContain('kubernetesVersion: v1.36.3\n');
    expect(node.read('etc/kubernetes/pki/apiserver.crt')).toBe('apiserver.crt of a phase\n');
    expect(node.read(NOTE).trim()).toBe(node.digest(`${FILES}/configuration.yaml`));
    expect(node.has('run/kreconcile/init.yaml')).toBe(false);
    node.write('calls', '');
    await again(node, 3);
    expect(phases(node)).toEqual([]);
  });

  it('that was cut off is written again', async () => {
    const node = await onNewRoot('control-plane', 'maxPods: 77\n');
    node.write('broken-upload-config', '');
    expect((await again(node, 2)).error).toMatch(
      /^the cluster could not be configured: error: upload-config is broken/,
    );
    node.write('calls', '');
    expect(await again(node, 3)).toMatchObject({ code: 0, error: '' });
    expect(phases(node)).toHaveLength(6);
  });

  it('leaves the etcd of several members to kubeadm, and kube-proxy alone where init skips it', async () => {
    const node = await onNewRoot('control-plane', 'maxPods: 77\n');
    node.write(
      'etc/kubernetes/manifests/etcd.yaml',
      '    - --initial-cluster=dev-cp-1=https://a:2380,dev-cp-2=https://b:2380\n',
    );
    node.write(
      `${FILES}/init.yaml`,
      'kubernetesVersion: v1.36.1\nskipPhases:\n  - show-join-command\n  - addon/kube-proxy\n',
    );
    expect(await again(node, 2)).toMatchObject({ code: 0, error: '' });
    expect(phases(node)).not.toContain('init phase etcd local');
    expect(phases(node)).not.toContain('init phase addon kube-proxy');
  });

  it('is taken from the cluster by a worker, before its kubelet starts', async () => {
    const node = await onNewRoot('worker', 'maxPods: 77\n');
    node.write('etc/kubernetes/manifests/kube-apiserver.yaml', 'v1.36.1\n');
    expect(await again(node, 2)).toMatchObject({ code: 0, error: '' });
    expect(phases(node)).toEqual(['upgrade node phase kubelet-config']);
    const calls = node.calls();
    expect(calls.indexOf('kubeadm upgrade node phase kubelet-config')).toBeLessThan(
      calls.indexOf('systemctl start kubelet'),
    );
  });
});
