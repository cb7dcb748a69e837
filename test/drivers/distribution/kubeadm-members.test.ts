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

const input = {
  token: 'abcdef.0123456789abcdef',
  caHash: `sha256:${'d'.repeat(64)}`,
  address: '192.168.122.10',
  certificateKey: 'f'.repeat(64),
  etcdMember: 'none',
};
const members = [
  '8e9e05c52164694d, started, dev-cp-1, https://192.168.122.10:2380, https://192.168.122.10:2379, false',
  'ade526d28b1f92f7, started, dev-cp-2, https://192.168.122.11:2380, https://192.168.122.11:2379, false',
  '',
].join('\n');

describe.each(shells)('several kubeadm control planes under %s', (shell) => {
  const second = async (): Promise<FakeNode> => {
    const node = makeKubeadmNode(shell, 'control-plane', { joins: true, address: '192.168.122.11' });
    nodes.push(node);
    expect(await node.operate('bootstrap', 'bootstrap-first')).toMatchObject({ code: 0, error: '' });
    return node;
  };
  const first = async (): Promise<FakeNode> => {
    const node = makeKubeadmNode(shell, 'control-plane');
    nodes.push(node);
    await node.operate('bootstrap', 'bootstrap-first');
    return node;
  };
  const called = (node: FakeNode, what: string) => node.calls().filter((call) => call.includes(what));

  it('joins with a key that is gone afterwards, and asks its own API server from then on', async () => {
    const node = await second();
    expect(await node.kubernetes()).toMatchObject({ phase: 'installed' });
    expect(called(node, 'kubeadm init')).toEqual([]);
    expect(await node.operate('join', 'join-1', input)).toMatchObject({ code: 0, error: '' });
    expect(node.read('join-seen')).toContain(`certificateKey: "${input.certificateKey}"`);
    expect(node.read('join-seen')).toContain('advertiseAddress: 192.168.122.11');
    expect(node.has('run/kreconcile/join.yaml')).toBe(false);
    expect(node.calls().join('\n')).not.toContain(input.certificateKey);
    expect(node.read('etc/hosts')).toContain('127.0.0.1 api.dev.example');
    expect(await node.kubernetes()).toMatchObject({ phase: 'initialised' });
  });

  it('joins anew after a join that was cut off before etcd knew it', async () => {
    const node = await second();
    node.write('var/lib/etcd/member/data', 'half');
    expect(await node.operate('join', 'join-1', input)).toMatchObject({ code: 0, error: '' });
    expect([called(node, 'kubeadm reset').length, called(node, 'kubeadm join').length]).toEqual([1, 1]);
  });

  it('takes over a join that was cut off after its end', async () => {
    const node = await second();
    await node.operate('join', 'join-1', input);
    node.write('labels', '{"node-role.kubernetes.io/control-plane":""}');
    rmSync(join(node.root, 'etc/kubernetes/kreconcile/member'));
    expect(await node.operate('join', 'join-2', { ...input, etcdMember: 'there' })).toMatchObject({ code: 0 });
    expect(called(node, 'kubeadm join')).toHaveLength(1);
  });

  it('leaves the data of a member alone that etcd still counts', async () => {
    const node = await second();
    node.write('var/lib/etcd/member/data', 'half');
    node.write('api-down', '');
    const failed = await node.operate('join', 'join-1', { ...input, etcdMember: 'there' });
    expect(failed.error).toContain('could not be taken out');
    expect(node.has('var/lib/etcd/member/data')).toBe(true);
  });

  it('is offered the certificates under a key of its own, by the version that runs', async () => {
    const node = await first();
    const answer = await node.call('join-info', { node: 'dev-cp-2', role: 'control-plane' });
    expect(answer.stdout.trim().split('\n').slice(-2)).toEqual([`certificateKey=${'f'.repeat(64)}`, 'etcdMember=none']);
    expect(node.read('phase-seen')).toContain('kubernetesVersion: v1.36.1');
  });

  it.each([
    ['answers', false, 'there', 0],
    ['is lost', true, 'none', 1],
  ])('a member of the name that %s is kept or forgotten', async (_, isLost, told, removed) => {
    const node = await first();
    node.write('members', members);
    if (isLost) node.write('member-lost', '');
    const answer = await node.call('join-info', { node: 'dev-cp-2', role: 'control-plane' });
    expect(answer.stdout).toContain(`etcdMember=${told}`);
    expect(called(node, 'member remove ade526d28b1f92f7')).toHaveLength(removed);
  });

  it('leaves etcd by its id, once, and never by itself', async () => {
    const node = await first();
    node.write('members', members);
    expect((await node.call('remove-member', { node: 'dev-cp-2' })).code).toBe(0);
    expect((await node.call('remove-member', { node: 'dev-cp-3' })).code).toBe(0);
    expect((await node.call('remove-member', { node: 'dev-cp-1' })).code).toBe(1);
    expect(called(node, 'member remove')).toHaveLength(1);
  });

  it('follows to a version that another control plane has brought the cluster to', async () => {
    const node = await first();
    node.write('other-control-planes', 'node/dev-cp-2\nnode/dev-cp-3\n');
    node.write('cluster-configuration', 'apiVersion: kubeadm.k8s.io/v1beta4\nkubernetesVersion: v1.36.3\n');
    await node.operate('stage', 'stage-1', { version: 'v1.36.3' });
    await node.operate('upgrade', 'upgrade-1', { version: 'v1.36.3' });
    expect([called(node, 'upgrade node').length, called(node, 'upgrade apply').length]).toEqual([1, 0]);
  });
});
