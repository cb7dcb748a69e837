import { afterEach, describe, expect, it } from 'vitest';
import { shells } from '../guest/program/guest-root.ts';
import type { FakeNode } from './fake-node.ts';
import { makeKubeadmNode } from './kubeadm-programs.ts';

const nodes: FakeNode[] = [];
afterEach(() => {
  for (const node of nodes.splice(0)) node.remove();
});

const input = { token: 'abcdef.0123456789abcdef', caHash: `sha256:${'d'.repeat(64)}`, address: '192.168.122.10' };

describe.each(shells)('kubeadm join under %s', (shell) => {
  const worker = async (): Promise<FakeNode> => {
    const node = makeKubeadmNode(shell, 'worker');
    nodes.push(node);
    expect(await node.operate('bootstrap', 'bootstrap-first')).toMatchObject({ code: 0, error: '' });
    return node;
  };
  const joins = (node: FakeNode) => node.calls().filter((call) => call.startsWith('kubeadm join'));

  it('joins with a token that is gone afterwards', async () => {
    const node = await worker();
    expect(await node.kubernetes()).toMatchObject({ phase: 'installed' });
    expect(await node.operate('join', 'join-1', input)).toMatchObject({ code: 0, error: '' });
    expect(node.read('join-seen')).toContain(`token: "${input.token}"`);
    expect(node.read('join-seen')).toContain(input.caHash);
    expect(node.has('run/kreconcile/join.yaml')).toBe(false);
    expect(node.calls().join('\n')).not.toContain(input.token);
    expect(node.read('etc/hosts')).toContain('192.168.122.10 api.dev.example');
    expect(node.calls()).toContain('systemctl start kreconcile-pod-routes.timer');
    expect(await node.kubernetes()).toMatchObject({ phase: 'initialised' });
  });

  it('joins once', async () => {
    const node = await worker();
    await node.operate('join', 'join-1', input);
    expect(await node.operate('join', 'join-2', input)).toMatchObject({ code: 0 });
    expect(joins(node)).toHaveLength(1);
  });

  it('takes over a join that the power cut off after the kubelet had its credentials', async () => {
    const node = await worker();
    node.write('etc/kubernetes/kubelet.conf', 'kubelet');
    node.write('node-known', '');
    expect(await node.operate('join', 'join-1', input)).toMatchObject({ code: 0 });
    expect(joins(node)).toEqual([]);
  });

  it('begins anew where the credentials are worth nothing', async () => {
    const node = await worker();
    node.write('etc/kubernetes/kubelet.conf', 'half');
    node.write('etc/kubernetes/pki/ca.crt', 'half');
    expect(await node.operate('join', 'join-1', input)).toMatchObject({ code: 0 });
    expect(joins(node)).toHaveLength(1);
    expect(node.has('etc/kubernetes/pki/ca.crt')).toBe(false);
  });

  it.each([
    { ...input, token: 'abcdef.0123456789abcdef/;e reboot' },
    { ...input, caHash: 'sha256:none' },
    { ...input, address: 'api; reboot' },
  ])('refuses %j', async (wrong) => {
    const node = await worker();
    expect((await node.operate('join', 'join-1', wrong)).code).not.toBe(0);
    expect(joins(node)).toEqual([]);
  });

  it('may be tried again after it failed', async () => {
    const node = await worker();
    node.write('broken-join', '');
    expect((await node.operate('join', 'join-1', input)).error).toContain('join is broken');
    expect(node.has('run/kreconcile/join.yaml')).toBe(false);
    expect(await node.operate('join', 'join-2', input)).toMatchObject({ code: 0 });
  });

  it('is offered by a control plane with a token for half an hour', async () => {
    const node = makeKubeadmNode(shell, 'control-plane');
    nodes.push(node);
    await node.operate('bootstrap', 'bootstrap-first');
    const answer = await node.call('join-info');
    expect(answer.stdout.trim().split('\n')).toEqual([
      `token=${input.token}`,
      `caHash=${input.caHash}`,
      `address=${input.address}`,
    ]);
    expect(node.calls().some((call) => call.includes('token create') && call.includes('--ttl 30m'))).toBe(true);
  });
});
