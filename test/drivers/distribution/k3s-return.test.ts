import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { shells } from '../guest/program/guest-root.ts';
import { archiveOf, type FakeNode } from './fake-node.ts';
import { makeK3sNode, sqliteHeader } from './k3s-programs.ts';

// Each starts some hundred processes, one after the other.
vi.setConfig({ testTimeout: 180_000 });

const nodes: FakeNode[] = [];
afterEach(() => {
  for (const node of nodes.splice(0)) node.remove();
});

const from = 'v1.36.3+k3s1';
const patch = 'v1.36.4+k3s1';
const minor = 'v1.37.1+k3s1';
const database = 'var/lib/rancher/k3s/server/db/state.db';
const backup = 'var/lib/kreconcile-guest/backups/backup-1';

const make = (shell: string): FakeNode => {
  const node = makeK3sNode(shell, 'control-plane');
  nodes.push(node);
  node.write('bin/python3', '#!/bin/sh\nexit 1\n', 0o755);
  writeFileSync(join(node.root, 'datastore'), pageOf('restorable'));
  return node;
};
const pageOf = (text: string): Buffer => {
  const page = sqliteHeader();
  page.write(text, 200, 'latin1');
  return page;
};
const running = async (shell: string): Promise<FakeNode> => {
  const node = make(shell);
  await node.operate('bootstrap', 'bootstrap-first');
  expect(await node.operate('backup', 'backup-1')).toMatchObject({ code: 0, error: '' });
  writeFileSync(join(node.root, database), pageOf('written later'));
  return node;
};
/** `isBroken`: the service does not start with the version. */
const upgraded = async (shell: string, version: string, isBroken = false): Promise<FakeNode> => {
  const node = await running(shell);
  await node.operate('stage', 'stage-1', { version });
  const service = node.read('on-start');
  const refusal = `if k3s --version | grep -qF ${version}; then rm -f "$KRECONCILE_ROOT/active-k3s"; exit 1; fi\n`;
  if (isBroken) node.write('on-start', `${refusal}${service}`);
  await node.operate('upgrade', 'upgrade-1', { version });
  node.write('on-start', service);
  return node;
};

describe.each(shells)('k3s rollback under %s', (shell) => {
  it('to another minor brings the program back, and the datastore as the upgrade found it', async () => {
    const node = await upgraded(shell, minor);
    expect(await node.kubernetes()).toMatchObject({ version: minor, apiVersion: minor });
    const input = { version: minor, to: from, backup: 'backup-1' };
    expect(await node.operate('rollback', 'rollback-1', input)).toMatchObject({
      code: 0,
      error: '',
      result: `version ${from}\nrestored yes\n`,
    });
    expect(node.read(database)).toContain('written later');
    expect(await node.kubernetes()).toMatchObject({ version: from, apiVersion: from, serviceActive: true });
    const parts = [
      'k3s/server/db.kreconcile-failed',
      'kreconcile-rollback',
      'kreconcile-upgrading',
      'kreconcile-before',
    ];
    for (const path of parts) expect(node.has(`var/lib/rancher/${path}`)).toBe(false);
    expect(await node.operate('rollback', 'rollback-2', input)).toMatchObject({
      result: `version ${from}\nrestored no\n`,
    });
  });

  it('within a minor loses nothing, unless the older program cannot read the data', async () => {
    const node = await upgraded(shell, patch);
    const input = { version: patch, to: from, backup: 'backup-1' };
    expect(await node.operate('rollback', 'rollback-1', input)).toMatchObject({
      result: `version ${from}\nrestored no\n`,
    });
    expect(node.read(database)).toContain('written later');
    const other = await upgraded(shell, patch);
    other.write('unreadable', '');
    expect(await other.operate('rollback', 'rollback-1', input)).toMatchObject({
      result: `version ${from}\nrestored yes\n`,
    });
    expect(other.read(database)).toContain('restorable');
  });

  it('leads out of an upgrade whose service does not start', async () => {
    const node = await upgraded(shell, minor, true);
    rmSync(join(node.root, 'var/lib/rancher/kreconcile-before'), { force: true });
    const input = { version: minor, to: from, backup: 'backup-1' };
    expect((await node.operate('rollback', 'rollback-1', { ...input, backup: '' })).error).toMatch(
      /nothing was changed/,
    );
    expect(await node.operate('rollback', 'rollback-2', input)).toMatchObject({
      code: 0,
      result: `version ${from}\nrestored yes\n`,
    });
    expect(await node.kubernetes()).toMatchObject({ version: from, serviceActive: true });
  });
});

describe.each(shells)('k3s restore under %s', (shell) => {
  const fresh = async (): Promise<FakeNode> => {
    const node = make(shell);
    node.set('RESTORE', '1');
    expect(await node.operate('bootstrap', 'bootstrap-first')).toMatchObject({ code: 0, error: '' });
    expect(await node.kubernetes()).toMatchObject({ phase: 'installed', serviceActive: false });
    node.write('var/lib/kreconcile-guest/backups/.keep', '');
    return node;
  };

  it('brings SQLite, keys and the node password of the lost machine back', async () => {
    const lost = await running(shell);
    const node = await fresh();
    node.write('etc/rancher/k3s/token', 'of this machine\n');
    cpSync(join(lost.root, backup), join(node.root, backup));
    const input = { backup: 'backup-1', version: from, sha256: lost.digest(backup) };
    expect(await node.operate('restore', 'restore-1', input)).toMatchObject({
      code: 0,
      error: '',
      result: `version ${from}\n`,
    });
    expect(node.read(database)).toContain('restorable');
    expect(node.read('etc/rancher/k3s/token')).toBe(`${'c'.repeat(64)}\n`);
    expect(node.read('etc/rancher/node/password')).toBe(lost.read('etc/rancher/node/password'));
    expect(archiveOf(lost, backup).names).toContain('./node-password');
    expect(await node.kubernetes()).toMatchObject({ phase: 'initialised', version: from });
    expect(node.calls().some((call) => call.includes('node-password.k3s'))).toBe(false);
    expect(await node.operate('restore', 'restore-2', input)).toMatchObject({ code: 0 });
  });

  it('lets k3s itself bring an etcd snapshot back', async () => {
    const lost = await running(shell);
    const folder = 'opened';
    lost.write(`${folder}/snapshot.db`, 'an etcd snapshot');
    lost.write(`${folder}/token`, `K10${'e'.repeat(64)}::server:${'d'.repeat(64)}\n`);
    await lost.evaluate(`tar -C "$ROOT/${folder}" -czf "$ROOT/${backup}" .`);
    const node = await fresh();
    cpSync(join(lost.root, backup), join(node.root, backup));
    const input = { backup: 'backup-1', version: from, sha256: lost.digest(backup) };
    expect(await node.operate('restore', 'restore-1', input)).toMatchObject({ code: 0, error: '' });
    expect(node.read('var/lib/rancher/k3s/server/db/etcd/data')).toBe('an etcd snapshot');
    expect(node.read('etc/rancher/k3s/token')).toBe(`${'d'.repeat(64)}\n`);
    expect(node.calls().some((call) => call.includes('delete secret dev-cp-1.node-password.k3s'))).toBe(true);
  });
});

describe.each(shells)('a k3s node is looked after under %s', (shell) => {
  it('renews certificates while k3s stands still, and serves again', async () => {
    const node = await running(shell);
    const before = (await node.kubernetes()).kubeconfigDigest;
    expect(await node.operate('renew-certificates', 'renew-1')).toMatchObject({ code: 0, error: '' });
    const after = await node.kubernetes();
    expect(after.kubeconfigDigest).not.toBe(before);
    expect(after.serviceActive).toBe(true);
    expect(await node.operate('restart', 'restart-1')).toMatchObject({ code: 0 });
  });
});
