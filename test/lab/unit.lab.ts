import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it, onTestFailed } from 'vitest';
import type { Status } from '../../src/model/status.ts';
import { images } from './manifests.ts';
import { type LabSite, startSite } from './site.ts';
import { until } from './waiting.ts';

/**
 * The systemd unit under a real systemd: a machine that the product itself makes installs it from an archive and runs it with `sim://`, inside its own sandbox.
 */
const minutes = 60_000;
const project = join(dirname(fileURLToPath(import.meta.url)), '../..');
let site: LabSite;
let archive = '';

beforeAll(async () => {
  archive = await mkdtemp(join(tmpdir(), 'kreconcile-unit-'));
  await pack(join(archive, 'kreconcile.tar'));
  site = await startSite('unit');
});
afterAll(async () => {
  await site?.stop();
  await rm(archive, { recursive: true, force: true });
});

it(
  'the unit starts inside its own sandbox, converges, and is back after a kill',
  async () => {
    onTestFailed(async () => {
      process.stderr.write(
        `${await site.report()}\n${await inGuest('systemctl status kreconcile; journalctl -n 60 -u kreconcile; tail -n 40 /var/log/cloud-init-output.log')}\n`,
      );
    });
    const url = await site.host.serve(archive, 8083);
    await site.commit('a host of its own', { 'images.yaml': images(site), 'host.yaml': hostMachine(url) });
    await site.startAgent();
    await site.untilStatus('the machine is ready', 30 * minutes, (status) =>
      status.machines.some((machine) =>
        machine.conditions.some(({ type, status: value }) => type === 'Ready' && value === 'True'),
      ),
    );
    await until(
      'the unit is active',
      10 * minutes,
      async () => (await inGuest('systemctl is-active kreconcile')).trim() === 'active',
    );
    await until(
      'it converges on its simulated host',
      15 * minutes,
      async () =>
        (await guestStatus())?.machines.some((machine) => machine.name === 'dev-cp-1' && machine.state === 'running') ??
        false,
    );
    expect((await inGuest('systemctl show -p NRestarts --value kreconcile')).trim()).toBe('0');
    expect(await inGuest('systemctl show -p User --value kreconcile')).toBe('kreconcile\n');
    await inGuest('systemctl kill -s SIGKILL kreconcile');
    await until(
      'it was started again',
      5 * minutes,
      async () =>
        (await inGuest('systemctl show -p NRestarts --value kreconcile')).trim() === '1' &&
        (await inGuest('systemctl is-active kreconcile')).trim() === 'active',
    );
    await inGuest('systemctl stop kreconcile');
    expect((await inGuest('systemctl show -p Result --value kreconcile')).trim()).toBe('success');
  },
  60 * minutes,
);

/** Only what runs: the built program and Node itself. */
async function pack(file: string): Promise<void> {
  await execa('tar', ['-cf', file, '-C', project, 'dist', 'package.json', 'systemd', 'cluster.d']);
  await execa('tar', ['-rf', file, '-C', dirname(process.execPath), 'node']);
}

function hostMachine(url: string): object {
  const userData = `#cloud-config
write_files:
  - path: /etc/kreconcile/agent.yaml
    content: |
      host: inner
      source: {folder: /opt/kreconcile/cluster.d/development}
      hypervisor: {uri: "sim:///var/lib/kreconcile/sim"}
      placement: {takeUnplaced: true}
runcmd:
  - mkdir -p /opt/kreconcile
  - curl -fsS ${url}/kreconcile.tar | tar -x -C /opt/kreconcile
  - mv /opt/kreconcile/node /usr/bin/node
  - ln -s /opt/kreconcile/dist/main.js /usr/bin/kreconcile
  - cp /opt/kreconcile/systemd/kreconcile.service /etc/systemd/system/
  - systemd-sysusers /opt/kreconcile/systemd/kreconcile.sysusers.conf
  - systemd-tmpfiles --create /opt/kreconcile/systemd/kreconcile.tmpfiles.conf
  - systemctl daemon-reload
  - systemctl enable --now --no-block kreconcile
`;
  return {
    apiVersion: 'kreconcile.dev/v1alpha1',
    kind: 'Machine',
    metadata: { name: 'host' },
    spec: { image: 'debian-12', machineClass: 'node', userData, timeouts: { boot: '30m', ready: '30m' } },
  };
}

async function guestStatus(): Promise<Status | null> {
  const text = await inGuest('cat /var/lib/kreconcile/status.json');
  return text.trim() === '' ? null : (JSON.parse(text) as Status);
}

/** Standard output of a shell command in the guest, through its agent. */
async function inGuest(command: string): Promise<string> {
  const ask = async (message: object): Promise<Record<string, unknown>> => {
    const reply = await site.virsh('qemu-agent-command', 'host', '--timeout', '30', JSON.stringify(message));
    return (JSON.parse(reply) as { return: Record<string, unknown> }).return;
  };
  const started = await ask({
    execute: 'guest-exec',
    arguments: { path: '/bin/sh', arg: ['-c', command], 'capture-output': true },
  }).catch(() => null);
  if (!started) return '';
  let output = '';
  await until(`${command} has ended in the guest`, 2 * minutes, async () => {
    const ended = await ask({ execute: 'guest-exec-status', arguments: { pid: started['pid'] } }).catch(() => null);
    output = Buffer.from(String(ended?.['out-data'] ?? ''), 'base64').toString('utf8');
    return ended === null || ended['exited'] === true;
  });
  return output;
}
