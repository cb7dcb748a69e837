import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  clusterYaml,
  ensureBuilt,
  kreconcile,
  machineYaml,
  makeFolder,
  smallSite,
  startProgram,
  until,
  write,
} from './program.ts';

beforeAll(ensureBuilt, 120_000);

async function scene(files: Readonly<Record<string, string>>) {
  const folder = await makeFolder();
  const site = join(folder, 'site');
  await write(site, { ...smallSite, ...files });
  return { folder, site, on: ['--dir', site, '-c', `sim://${folder}/host`] };
}

const apply = (on: readonly string[], ...more: string[]) => kreconcile(['apply', ...on, '--speed', '100', ...more]);

describe('apply', () => {
  it('converges an empty host, tells it line by line, and finds nothing to do after', async () => {
    const { folder, on } = await scene({
      'dev.yaml': clusterYaml('dev', 'v1.36.4+k3s1'),
      'tool.yaml': machineYaml('tool'),
    });
    const { exitCode, stdout, stderr } = await apply(on);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^converged: the host is as the revision asks/);
    for (const line of [
      'done     create dev-cp-1',
      'waits    the guest of tool answers, at most 10 min',
      'is so    the guest of tool answers',
      'done     publish the kubeconfig of dev',
    ])
      expect(stderr).toContain(line);
    expect(stderr).not.toContain('\u001b');
    expect((await kreconcile(['plan', ...on])).stdout).toMatch(/^Nothing to do/);
    const kubeconfig = join(folder, 'host/state/kubeconfigs/dev.kubeconfig');
    expect(await readFile(kubeconfig, 'utf8')).toContain('server: https://127.77.');
    expect((await stat(kubeconfig)).mode & 0o777).toBe(0o600);
  });

  it('ends with 22 when guards forbid what is left, and names the way out', async () => {
    const { site, on } = await scene({ 'tool.yaml': machineYaml('tool') });
    await apply(on);
    await write(site, { 'images.yaml': smallSite['images.yaml'].replaceAll('aaaa', 'bbbb') });
    const { exitCode, stdout } = await apply(on);
    expect(exitCode).toBe(22);
    expect(stdout).toMatch(/^blocked: .*RecreateConfirm.*way out: /s);
  });

  it('deletes after a confirmation, bound to the revision, and only then', async () => {
    const { site, on } = await scene({ 'tool.yaml': machineYaml('tool'), 'other.yaml': machineYaml('other') });
    await apply(on);
    await write(site, { 'other.yaml': '' });
    const refused = await apply(on);
    expect([refused.exitCode, refused.stdout.includes('kreconcile confirm Machine/other')]).toEqual([22, true]);
    expect((await kreconcile(['confirm', 'tool', ...on])).stderr).toContain('error NotFound');
    expect((await kreconcile(['confirm', 'Machine/other', ...on])).exitCode).toBe(0);
    expect((await apply(on)).exitCode).toBe(0);
    const status = JSON.parse((await kreconcile(['status', ...on, '-o', 'json'])).stdout) as {
      machines: { name: string }[];
    };
    expect(status.machines.map((machine) => machine.name)).toEqual(['tool']);
  });

  it('ends with 24 while all that is left is suspended, and goes on after resume', async () => {
    const { site, on } = await scene({ 'tool.yaml': machineYaml('tool') });
    await apply(on);
    await write(site, { 'two.yaml': machineYaml('two') });
    expect(await kreconcile(['suspend', 'two', '--reason', 'not today', ...on])).toMatchObject({ exitCode: 0 });
    const held = await apply(on);
    expect([held.exitCode, held.stdout.includes('not today')]).toEqual([24, true]);
    expect(await kreconcile(['resume', 'Machine/two', ...on])).toMatchObject({
      exitCode: 0,
      stdout: 'Machine/two goes on.\n',
    });
    expect((await kreconcile(['resume', 'Machine/two', ...on])).stdout).toBe('Machine/two was not suspended.\n');
    expect((await apply(on)).exitCode).toBe(0);
  });

  it('ends with 26 when time is up, and begins again where it stood', async () => {
    const { on } = await scene({ 'tool.yaml': machineYaml('tool') });
    const { exitCode, stdout } = await kreconcile(['apply', ...on, '--timeout', '8s']);
    expect(exitCode).toBe(26);
    expect(stdout).toMatch(/^working: not done yet.*waits: image debian-13 is in the store/s);
    expect((await apply(on)).exitCode).toBe(0);
  });

  it('ends with 20 for an invalid revision and does nothing', async () => {
    const { on } = await scene({ 'tool.yaml': machineYaml('tool', '  memori: 2Gi\n') });
    const { exitCode, stderr } = await apply(on);
    expect(exitCode).toBe(20);
    expect(stderr).toMatch(/tool\.yaml:7:3/);
  });

  it('ends with 21 when the repository has no such branch, and names those that it has', async () => {
    const { folder } = await scene({});
    await write(folder, {
      'agent.yaml': `source: {url: ${folder}/none.git}\nhypervisor: {uri: "sim://${folder}/host"}\nfolders: {state: ${folder}/state, run: ${folder}/run}\n`,
    });
    const { exitCode, stderr } = await kreconcile(['apply', '--config', join(folder, 'agent.yaml')]);
    expect([exitCode, /error Source(Unreachable|Missing)/.test(stderr)]).toEqual([21, true]);
  });

  it('refuses what is no duration', async () => {
    const { on } = await scene({});
    expect(await apply(on, '--timeout', 'soon')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('error Usage: soon is not a duration'),
    });
  });

  it('leaves a host to its agent with 25, and says how to go on', async () => {
    const { on } = await scene({ 'tool.yaml': machineYaml('tool') });
    const agent = startProgram(['agent', ...on, '--speed', '100']);
    await until(async () => (/agent runs/.test(agent.stderr()) ? true : undefined));
    const { exitCode, stderr } = await apply(on);
    expect(exitCode).toBe(25);
    expect(stderr).toContain(`pid ${agent.pid}`);
    expect(stderr).toContain('kreconcile reconcile --wait');
    agent.signal('SIGTERM');
    expect(await agent.ended).toBe(0);
  });

  it('stops at Ctrl-C with 130; the next one goes on', async () => {
    const { on } = await scene({ 'tool.yaml': machineYaml('tool') });
    const run = startProgram(['apply', ...on]);
    await until(async () => (run.stderr().includes('waits    image') ? true : undefined));
    run.signal('SIGINT');
    expect(await run.ended).toBe(130);
    expect((await apply(on)).exitCode).toBe(0);
  });
});
