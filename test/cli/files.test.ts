import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { clusterYaml, ensureBuilt, kreconcile, makeFolder, root, smallSite, write } from './program.ts';

beforeAll(ensureBuilt, 120_000);

describe('init', () => {
  it('writes a first repository that is valid, and plans on a simulated host', async () => {
    const folder = join(await makeFolder(), 'site');
    const { exitCode, stdout } = await kreconcile(['init', folder], { cwd: root });
    expect([exitCode, stdout.includes('wrote cluster.d/dev.yaml')]).toEqual([0, true]);
    // In a checkout the name alone is not on the PATH.
    expect(stdout).toContain(`  node dist/main.js validate ${folder}/cluster.d\n`);
    expect((await kreconcile(['validate', join(folder, 'cluster.d')])).exitCode).toBe(0);
    const plan = await kreconcile(['plan', '--dir', join(folder, 'cluster.d'), '-c', `sim://${folder}/host`]);
    expect(plan.stdout).toContain('create dev-cp-1');
  });

  it('writes a configuration that the agent takes', async () => {
    const folder = await makeFolder();
    await kreconcile(['init', folder]);
    const { stderr } = await kreconcile([
      'status',
      '--config',
      join(folder, 'agent.yaml'),
      '-c',
      `sim://${folder}/host`,
    ]);
    expect(stderr).not.toContain('ConfigInvalid');
  });

  it('never overwrites', async () => {
    const folder = await makeFolder();
    await write(folder, { 'README.md': 'mine\n' });
    const { stdout } = await kreconcile(['init', folder]);
    expect(stdout).toContain('kept  README.md, which was there');
    expect(await readFile(join(folder, 'README.md'), 'utf8')).toBe('mine\n');
  });
});

describe('schema', () => {
  it('prints what an editor needs, for all kinds or for one', async () => {
    const all = JSON.parse((await kreconcile(['schema'])).stdout) as { oneOf: { title: string }[] };
    expect(all.oneOf.map((kind) => kind.title)).toContain('Cluster');
    expect(JSON.parse((await kreconcile(['schema', 'Machine'])).stdout)).toMatchObject({ title: 'Machine' });
    expect(await kreconcile(['schema', 'Cloud'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('One of: Cluster'),
    });
  });
});

describe('completion', () => {
  it('completes commands and their options in bash', async () => {
    const { stdout: script } = await kreconcile(['completion', 'bash']);
    const complete = async (...words: string[]) => {
      const asked = `${script}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _kreconcile; echo "\${COMPREPLY[@]}"`;
      return (await execa('bash', ['-c', asked])).stdout;
    };
    expect(await complete('kreconcile', 'sus')).toBe('suspend');
    expect(await complete('kreconcile', 'plan', '--det')).toBe('--detailed-exitcode');
  });

  it.each(['zsh', 'fish'])('knows %s', async (shell) => {
    expect((await kreconcile(['completion', shell])).stdout).toContain('detailed-exitcode');
  });

  it('says which shells it knows', async () => {
    expect(await kreconcile(['completion', 'csh'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('bash, zsh, fish'),
    });
  });
});

describe('kubeconfig', () => {
  const own =
    'apiVersion: v1\nkind: Config\n# mine\nclusters: []\nusers: []\ncontexts: [{name: home, context: {cluster: home, user: home}}]\ncurrent-context: home\n';

  async function converged(): Promise<{ folder: string; on: readonly string[] }> {
    const folder = await makeFolder();
    await write(join(folder, 'site'), { ...smallSite, 'dev.yaml': clusterYaml('dev', 'v1.36.4+k3s1') });
    const on = ['--dir', join(folder, 'site'), '-c', `sim://${folder}/host`];
    expect((await kreconcile(['apply', ...on, '--speed', '100'])).exitCode).toBe(0);
    return { folder, on };
  }

  it('prints it, merges it into a person’s own beside what is there, and says what there is', async () => {
    const { folder, on } = await converged();
    const printed = parse((await kreconcile(['kubeconfig', 'dev', ...on])).stdout) as { 'current-context': string };
    expect(printed['current-context']).toBe('dev');
    const target = join(folder, 'config');
    await writeFile(target, own, { mode: 0o600 });
    expect(await kreconcile(['kubeconfig', 'dev', '--merge', target, ...on])).toMatchObject({ exitCode: 0 });
    const text = await readFile(target, 'utf8');
    expect(text).toContain('# mine');
    const merged = parse(text) as { 'current-context': string; contexts: { name: string }[] };
    expect([merged['current-context'], merged.contexts.map((context) => context.name)]).toEqual([
      'home',
      ['home', 'dev'],
    ]);
    expect((await stat(target)).mode & 0o777).toBe(0o600);
    await kreconcile(['kubeconfig', 'dev', '--merge', '--set-current', ...on], { env: { KUBECONFIG: target } });
    expect((parse(await readFile(target, 'utf8')) as typeof merged)['current-context']).toBe('dev');
    expect(await kreconcile(['kubeconfig', 'prod', ...on])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('There is one of: dev.'),
    });
  });
});
