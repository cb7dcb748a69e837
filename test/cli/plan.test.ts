import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  clusterYaml,
  copyExample,
  ensureBuilt,
  kreconcile,
  machineYaml,
  makeFolder,
  smallSite,
  write,
} from './program.ts';

beforeAll(ensureBuilt, 120_000);

interface ShownPlan {
  readonly verdict: string;
  readonly steps: readonly { readonly id: string; readonly action: string; readonly needs: readonly string[] }[];
  readonly blocks: readonly { readonly guard: string; readonly wayOut: string }[];
  readonly changes: readonly { readonly machine: string; readonly change: string; readonly patch: readonly object[] }[];
}

/** A site and a simulated host of its own; `--dir` and `-c` for both. */
async function scene(files: Readonly<Record<string, string>>): Promise<{ site: string; on: readonly string[] }> {
  const folder = await makeFolder();
  const site = join(folder, 'site');
  await write(site, { ...smallSite, ...files });
  return { site, on: ['--dir', site, '-c', `sim://${folder}/host`] };
}

async function planOf(on: readonly string[]): Promise<ShownPlan> {
  return JSON.parse((await kreconcile(['plan', ...on, '-o', 'json'])).stdout) as ShownPlan;
}

const apply = (on: readonly string[]) => kreconcile(['apply', ...on, '--speed', '100']);

describe('plan', () => {
  it('tells the whole road of the example environment on an empty host', async () => {
    const folder = await makeFolder();
    await copyExample('development', join(folder, 'site'));
    const { exitCode, stdout } = await kreconcile([
      'plan',
      '--dir',
      join(folder, 'site'),
      '-c',
      `sim://${folder}/host`,
    ]);
    expect(exitCode).toBe(0);
    await expect(stdout.replaceAll(/folder:[0-9a-f]{12}/g, 'folder:…')).toMatchFileSnapshot('golden/development.txt');
  });

  it('changes nothing, not even a folder', async () => {
    const { site, on } = await scene({ 'tool.yaml': machineYaml('tool') });
    await planOf(on);
    expect(await readdir(dirname(site))).toEqual(['site']);
  });

  it('tells an upgrade with its disturbance, and each change as a patch', async () => {
    const { site, on } = await scene({ 'dev.yaml': clusterYaml('dev', 'v1.35.8+k3s1') });
    expect(await apply(on)).toMatchObject({ exitCode: 0 });
    await write(site, { 'dev.yaml': clusterYaml('dev', 'v1.36.4+k3s1') });
    const { stdout } = await kreconcile(['plan', ...on]);
    await expect(stdout.replaceAll(/folder:[0-9a-f]{12}/g, 'folder:…')).toMatchFileSnapshot('golden/upgrade.txt');
    expect((await planOf(on)).changes).toEqual([
      {
        machine: 'dev-cp-1',
        object: { kind: 'Cluster', name: 'dev' },
        change: 'update',
        patch: [{ op: 'replace', path: '/kubernetes/version', value: 'v1.36.4+k3s1' }],
        fields: [{ path: '/kubernetes/version', from: 'v1.35.8+k3s1', to: 'v1.36.4+k3s1', class: 'in-place' }],
      },
    ]);
  });

  it('says what forbids a change and the way out', async () => {
    const { site, on } = await scene({ 'tool.yaml': machineYaml('tool') });
    await apply(on);
    await write(site, { 'images.yaml': smallSite['images.yaml'].replaceAll('aaaa', 'bbbb') });
    const { stdout } = await kreconcile(['plan', ...on]);
    await expect(stdout.replaceAll(/folder:[0-9a-f]{12}/g, 'folder:…')).toMatchFileSnapshot('golden/blocked.txt');
    const { blocks, steps } = await planOf(on);
    expect([blocks.map((block) => block.guard), steps]).toEqual([['RecreateConfirm'], []]);
  });

  it('holds no secret and of each act only the kind', async () => {
    const { on } = await scene({
      'tool.yaml': machineYaml('tool', '  userData: "#cloud-config\\npassword: hunter2\\n"\n'),
    });
    const { stdout } = await kreconcile(['plan', ...on, '-o', 'json']);
    expect(stdout).not.toContain('hunter2');
    const plan = JSON.parse(stdout) as ShownPlan;
    expect(plan.steps.map((step) => step.action)).toEqual(['fetch-image', 'create', 'start', 'settle']);
    expect(plan.changes.map(({ machine, change }) => [machine, change])).toEqual([['tool', 'create']]);
  });

  it('is the same as YAML', async () => {
    const { on } = await scene({ 'tool.yaml': machineYaml('tool') });
    const { stdout } = await kreconcile(['plan', ...on, '-o', 'yaml']);
    expect(stdout).toContain('\n  - id: machine/tool/create\n');
  });

  it('exits as asked: 2 with changes, 22 with blocks alone, 0 without either', async () => {
    const { site, on } = await scene({ 'tool.yaml': machineYaml('tool') });
    const exit = async (...more: string[]) => (await kreconcile(['plan', ...on, ...more])).exitCode;
    expect([await exit('--detailed-exitcode'), await exit()]).toEqual([2, 0]);
    await apply(on);
    expect(await exit('--detailed-exitcode')).toBe(0);
    await write(site, { 'images.yaml': smallSite['images.yaml'].replaceAll('aaaa', 'bbbb') });
    expect([await exit('--detailed-exitcode'), await exit()]).toEqual([22, 0]);
  });

  it('refuses an invalid revision with 20, with file and line', async () => {
    const { site, on } = await scene({ 'tool.yaml': machineYaml('tool') });
    await write(site, { 'tool.yaml': machineYaml('tool', '  memori: 2Gi\n') });
    const { exitCode, stdout, stderr } = await kreconcile(['plan', ...on]);
    expect([exitCode, stdout]).toEqual([20, '']);
    expect(stderr).toMatch(/ManifestInvalid.*tool\.yaml:7:3.*memori/s);
  });

  it('says that libvirt cannot be asked, and how that ends', async () => {
    const { site } = await scene({ 'tool.yaml': machineYaml('tool') });
    const { exitCode, stdout, stderr } = await kreconcile(['plan', '--dir', site, '-c', 'qemu:///system'], {
      env: { PATH: '/nonexistent' },
    });
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/HypervisorUnreachable: virsh is not installed.*libvirt-clients/s);
  });

  it('needs no right to the state folder', async () => {
    const { on } = await scene({ 'tool.yaml': machineYaml('tool') });
    const { exitCode } = await kreconcile(['plan', ...on, '--state-dir', '/proc/nowhere']);
    expect(exitCode).toBe(0);
  });
});
