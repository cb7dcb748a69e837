import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { shells } from '../guest/program/guest-root.ts';
import { archiveOf, type FakeNode } from './fake-node.ts';
import { makeK3sNode, sqliteHeader } from './k3s-programs.ts';
import type { NodeChanges } from './nodes.ts';

const nodes: FakeNode[] = [];
afterEach(() => {
  for (const node of nodes.splice(0)) node.remove();
});

const pinned = `K10${'e'.repeat(64)}::server:${'c'.repeat(64)}`;
const offered = { token: pinned, address: '192.168.122.10' };
const version = 'v1.36.4+k3s1';

describe.each(shells)('k3s under %s', (shell) => {
  const make = (role: 'control-plane' | 'worker' = 'control-plane', changes: NodeChanges = {}): FakeNode => {
    const node = makeK3sNode(shell, role, changes);
    nodes.push(node);
    writeFileSync(join(node.root, 'datastore'), sqliteHeader());
    return node;
  };
  const running = async (role: 'control-plane' | 'worker' = 'control-plane'): Promise<FakeNode> => {
    const node = make(role);
    expect(await node.operate('bootstrap', 'bootstrap-first')).toMatchObject({ code: 0, error: '' });
    return node;
  };
  const withoutPython = (node: FakeNode) => node.write('bin/python3', '#!/bin/sh\nexit 1\n', 0o755);

  it('makes a server with the token that the host made, which stays in one place', async () => {
    const node = await running();
    expect(node.read('etc/rancher/k3s/token')).toBe(`${'c'.repeat(64)}\n`);
    expect(node.has('etc/kreconcile/k3s/token')).toBe(false);
    expect(node.read('etc/rancher/k3s/config.yaml')).toContain('token-file: /etc/rancher/k3s/token');
    expect(node.read('etc/systemd/system/k3s.service')).toContain(`ExecStart=${node.root}/usr/local/bin/k3s server`);
    expect(node.calls()).toEqual(expect.arrayContaining(['systemctl enable --quiet k3s', 'systemctl start k3s']));
    expect(await node.kubernetes()).toMatchObject({
      phase: 'initialised',
      version: 'v1.36.3+k3s1',
      serviceActive: true,
    });
    expect((await node.call('join-info')).stdout).toBe(`token=${pinned}\naddress=192.168.122.10\n`);
    expect((await node.call('kubeconfig')).stdout).toMatch(/^kubeconfig=/);
  });

  it('installs nothing whose digest or version is not the stated one', async () => {
    const wrong = make();
    wrong.publish('v1.36.3+k3s1/k3s', 'something else');
    expect((await wrong.operate('bootstrap', 'bootstrap-first')).error).toMatch(/does not have the digest/);
    expect(wrong.has('usr/local/bin/k3s')).toBe(false);
  });

  it('returns to its cluster on a new root disk with the token that encrypted its datastore', async () => {
    const node = make();
    node.write('var/lib/rancher/kreconcile-member', '127.0.0.1\n');
    node.write('var/lib/rancher/kreconcile-version', `${version}\n`);
    node.write('etc/rancher/k3s/token', 'from before\n');
    expect(await node.operate('bootstrap', 'bootstrap-first')).toMatchObject({ code: 0 });
    expect(await node.kubernetes()).toMatchObject({ phase: 'initialised', version });
    expect(node.read('etc/rancher/k3s/token')).toBe('from before\n');
    expect(node.has('etc/kreconcile/k3s/token')).toBe(false);
  });

  it('gives the server the network manifest of the repository', async () => {
    const node = make('control-plane', {
      cluster: { cniManifest: 'kind: List\n' },
      kubernetes: { cni: { plugin: 'manifest', manifest: 'cni.yaml' } },
    });
    expect(await node.operate('bootstrap', 'bootstrap-first')).toMatchObject({ code: 0, error: '' });
    expect(node.read('var/lib/rancher/k3s/server/manifests/kreconcile-network.yaml')).toBe('kind: List\n');
  });

  it('joins an agent once, with a token for nobody but root', async () => {
    const node = await running('worker');
    expect(await node.kubernetes()).toMatchObject({ phase: 'installed', serviceActive: false });
    expect(await node.operate('join', 'join-1', offered)).toMatchObject({ code: 0, error: '' });
    expect(node.read('etc/rancher/k3s/token').trim()).toBe(pinned);
    expect(
      execFileSync('stat', ['-c', '%a', join(node.root, 'etc/rancher/k3s/token')], { encoding: 'utf8' }).trim(),
    ).toBe('600');
    expect(node.read('etc/hosts')).toContain('192.168.122.10 api.dev.example');
    expect(await node.kubernetes()).toMatchObject({ phase: 'initialised', serviceActive: true });
    expect(await node.operate('join', 'join-2', { token: '', address: '' })).toMatchObject({ code: 0 });
    const other = await running('worker');
    expect((await other.operate('join', 'join-1', { ...offered, token: 'a b' })).error).toMatch(/not a token/);
  });

  it.each(['control-plane', 'worker'] as const)('upgrades a %s by exchanging the program', async (role) => {
    const node = await running(role);
    if (role === 'worker') await node.operate('join', 'join-1', offered);
    expect(await node.operate('upgrade', 'upgrade-0', { version })).toMatchObject({
      error: `${version} is not staged`,
    });
    expect(await node.operate('stage', 'stage-1', { version })).toMatchObject({ code: 0, error: '' });
    expect(await node.kubernetes()).toMatchObject({ version: 'v1.36.3+k3s1', staged: [version] });
    expect(await node.operate('upgrade', 'upgrade-1', { version })).toMatchObject({ code: 0, error: '' });
    expect(await node.kubernetes()).toMatchObject({ version, staged: [] });
    expect(node.has('var/lib/kreconcile-guest/previous/v1.36.3+k3s1/k3s')).toBe(true);
    const restarts = () => node.calls().filter((call) => call.startsWith('systemctl restart')).length;
    const before = restarts();
    expect(await node.operate('upgrade', 'upgrade-2', { version })).toMatchObject({ code: 0 });
    expect(restarts()).toBe(before);
  });

  it('goes back within a minor where the new program does not serve, and only there', async () => {
    const patch = await running();
    await patch.operate('stage', 'stage-1', { version });
    patch.write('broken-version', version);
    expect((await patch.operate('upgrade', 'upgrade-1', { version })).error).toMatch(/does not report v1\.36\.4/);
    expect(await patch.kubernetes()).toMatchObject({ version: 'v1.36.3+k3s1' });

    const minor = await running();
    withoutPython(minor);
    await minor.operate('stage', 'stage-1', { version: 'v1.37.1+k3s1' });
    minor.write('broken-version', 'v1.37.1+k3s1');
    expect((await minor.operate('upgrade', 'upgrade-1', { version: 'v1.37.1+k3s1' })).code).not.toBe(0);
    expect(await minor.kubernetes()).toMatchObject({ version: 'v1.37.1+k3s1' });
  });

  it('backs up SQLite while k3s stands still, and says what was checked', async () => {
    const node = await running();
    withoutPython(node);
    const { code, error, result } = await node.operate('backup', 'backup-1');
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(result).toContain('verified SQLite header, page count and log header');
    const calls = node.calls();
    expect(calls.lastIndexOf('systemctl start k3s')).toBeGreaterThan(calls.indexOf('systemctl stop k3s'));
    const { names } = archiveOf(node, 'var/lib/kreconcile-guest/backups/backup-1');
    expect(names).toEqual(expect.arrayContaining(['./db/state.db', './token', './tls/', './cred/']));
  });

  it('finds a copy that is cut off or no datastore, and serves again all the same', async () => {
    const node = await running();
    withoutPython(node);
    node.write('var/lib/rancher/k3s/server/db/state.db', `${sqliteHeader().toString('latin1')}rest`);
    expect((await node.operate('backup', 'backup-1')).error).toMatch(/cut off/);
    node.write('var/lib/rancher/k3s/server/db/state.db', 'nothing');
    expect((await node.operate('backup', 'backup-2')).error).toMatch(/no SQLite file/);
    expect(await node.kubernetes()).toMatchObject({ serviceActive: true });
    expect(node.has('var/lib/kreconcile-guest/backups/backup-2')).toBe(false);
  });

  it("takes Python's word over the header's where the guest has it", async () => {
    const node = await running();
    node.write('bin/python3', '#!/bin/sh\ncase $2 in "import sqlite3") ;; *) echo "row 7 missing" ;; esac\n', 0o755);
    expect((await node.operate('backup', 'backup-1')).error).toMatch(/damaged: row 7 missing/);
  });

  it('backs up etcd by the digest at the end of its snapshot', async () => {
    const node = await running();
    node.write('var/lib/rancher/k3s/server/db/etcd/.keep', '');
    const pages = Buffer.alloc(1024, 7);
    const digest = createHash('sha256').update(pages).digest();
    writeFileSync(join(node.root, 'etcd-snapshot'), Buffer.concat([pages, digest]));
    expect(await node.operate('backup', 'backup-1')).toMatchObject({ code: 0, error: '' });
    writeFileSync(join(node.root, 'etcd-snapshot'), Buffer.concat([pages, Buffer.alloc(32)]));
    expect((await node.operate('backup', 'backup-2')).error).toMatch(/does not have the digest/);
    expect(node.calls()).not.toContain('systemctl stop k3s');
  });
});
