import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { copyExample, ensureBuilt, kreconcile, makeFolder, root } from './program.ts';

beforeAll(ensureBuilt, 120_000);

describe('the command line', () => {
  it.each(['--version', '-V'])('tells its release with %s', async (option) => {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(await kreconcile([option])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('is whole in its folder: no library has to lie beside it', async () => {
    const folder = await makeFolder();
    for (const part of ['dist', 'package.json']) await cp(join(root, part), join(folder, part), { recursive: true });
    await copyExample('development', join(folder, 'site'));
    const args = ['plan', '--dir', join(folder, 'site'), '-c', `sim://${folder}/host`];
    const { stdout } = await execa(process.execPath, [join(folder, 'dist/main.js'), ...args], { cwd: folder });
    expect(stdout).toContain('create dev-cp-1');
    expect(await readFile(join(folder, 'dist/THIRD-PARTY-NOTICES.txt'), 'utf8')).toMatch(/^zod .*\(MIT\)$/m);
  });

  it('lists its commands, and explains each', async () => {
    const help = await kreconcile(['--help']);
    expect(help.exitCode).toBe(0);
    for (const command of [
      'validate',
      'plan',
      'apply',
      'agent',
      'status',
      'reconcile',
      'suspend',
      'resume',
      'confirm',
    ]) {
      expect(help.stdout).toContain(`\n  ${command} `);
      expect((await kreconcile([command, '--help'])).stdout).toContain(`Usage: kreconcile ${command} `);
    }
  });

  it.each(['init', 'demo', 'schema', 'completion'])(
    'offers %s no host, which it has nothing to do with',
    async (command) => {
      const { stdout } = await kreconcile([command, '--help']);
      expect(stdout).not.toMatch(/--(config|dir|connect|state-dir)/);
    },
  );

  it('says what it may have been that was mistyped, with a code and on stderr', async () => {
    const { exitCode, stdout, stderr } = await kreconcile(['plna']);
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toBe("error Usage: unknown command 'plna'\n  what to do: Did you mean plan?\n");
  });

  it('says which value of an option is allowed', async () => {
    const { exitCode, stderr } = await kreconcile(['plan', '-o', 'xml']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('Allowed choices are text, json, yaml');
  });

  it('wants a command', async () => {
    const { exitCode, stderr } = await kreconcile([]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('no command was given');
  });

  it('takes common options before the command and after it', async () => {
    const folder = await makeFolder();
    await copyExample('development', join(folder, 'site'));
    const options = ['--dir', join(folder, 'site'), '-c', `sim://${folder}/host`, '-o', 'json'];
    const before = JSON.parse((await kreconcile([...options, 'plan'])).stdout) as { steps: unknown[] };
    const after = JSON.parse((await kreconcile(['plan', ...options])).stdout) as { steps: unknown[] };
    expect(before.steps.length).toBeGreaterThan(0);
    expect(after.steps).toEqual(before.steps);
  });

  it('names the configuration file that is not there', async () => {
    const { exitCode, stderr } = await kreconcile(['plan', '--config', '/no/such/agent.yaml']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('error ConfigInvalid');
    expect(stderr).toContain('/no/such/agent.yaml');
  });

  it('says that no source is named, and how to name one', async () => {
    const { exitCode, stderr } = await kreconcile(['plan', '-c', 'sim://memory'], { cwd: await makeFolder() });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('no source of manifests is named');
    expect(stderr).toContain('--dir');
  });

  it('uses cluster.d in the present folder', async () => {
    const folder = await makeFolder();
    await copyExample('development', join(folder, 'cluster.d'));
    const { exitCode, stdout } = await kreconcile(['validate'], { cwd: folder });
    expect([exitCode, stdout.split('\n')[0]]).toEqual([0, `${folder}/cluster.d is valid: 7 documents in 5 files.`]);
  });

  it('ends quietly when its reader has gone', async () => {
    const shell = `"${process.execPath}" "${root}/dist/main.js" schema | head -n 1; echo "ended \${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await execa('bash', ['-c', shell]);
    expect([stdout, stderr]).toEqual(['{\nended 0', '']);
  });
});
