import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ensureBuilt, kreconcile, makeFolder, smallSite, startProgram, until, write } from './program.ts';

await ensureBuilt();

/** A host whose virsh answers as where no libvirtd runs. */
async function hostWithoutLibvirt() {
  const folder = await makeFolder();
  const complaint = 'echo "error: Failed to connect socket to \'/var/run/libvirt/libvirt-sock\'" >&2; exit 1';
  await write(folder, { ...inFolder('site'), 'bin/virsh': `#!/bin/sh\n${complaint}\n` });
  await chmod(join(folder, 'bin/virsh'), 0o755);
  const config = { source: { folder: join(folder, 'site') }, folders: { state: join(folder, 'state') } };
  await write(folder, { 'agent.yaml': JSON.stringify({ host: 'h1', ...config, placement: { takeUnplaced: true } }) });
  return { config: join(folder, 'agent.yaml'), PATH: `${join(folder, 'bin')}:${process.env['PATH']}` };
}

function inFolder(name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(smallSite).map(([path, text]) => [`${name}/${path}`, text]));
}

describe('a host whose libvirtd is down', () => {
  it('is told once in the status, and each machine is unknown', async () => {
    const { config, PATH } = await hostWithoutLibvirt();
    const { exitCode, stdout } = await kreconcile(['status', '--config', config], { env: { PATH } });
    expect([exitCode, stdout.split('Failed to connect socket').length]).toEqual([0, 2]);
    expect(stdout).toMatch(/hypervisor unreachable: .*HypervisorUnreachable.*systemctl status libvirtd/);
  });

  it('has no plan, which is another thing than nothing to do: the error and its way out, and exit code 1', async () => {
    const { config, PATH } = await hostWithoutLibvirt();
    const { exitCode, stdout, stderr } = await kreconcile(['plan', '--config', config], { env: { PATH } });
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/error HypervisorUnreachable: .*Failed to connect socket.*\n.*systemctl status libvirtd/);
    const json = await kreconcile(['plan', '--config', config, '--detailed-exitcode', '-o', 'json'], { env: { PATH } });
    const [block] = JSON.parse(json.stdout).blocks;
    expect([json.exitCode, block.target, block.wayOut]).toEqual([
      1,
      { kind: 'Host', name: 'hypervisor' },
      expect.stringContaining('systemctl status libvirtd'),
    ]);
    expect(block.reason).not.toMatch(/HypervisorUnreachable|systemctl/);
  });

  it('stands in the journal of the agent, with what to do, and the agent goes on', async () => {
    const { config, PATH } = await hostWithoutLibvirt();
    const agent = startProgram(['agent', '--config', config], { PATH });
    const line = await until(async () => /.*guard holds back.*/.exec(agent.stderr())?.[0]);
    expect(JSON.parse(line)).toMatchObject({
      level: 'warn',
      guard: 'HypervisorUnreachable',
      reason: expect.stringContaining('Failed to connect socket'),
      hint: expect.stringContaining('systemctl status libvirtd'),
    });
    agent.signal('SIGTERM');
    expect(await agent.ended).toBe(0);
  });
});
