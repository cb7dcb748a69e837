import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { clusterYaml, ensureBuilt, kreconcile, machineYaml, makeFolder, smallSite, write } from './program.ts';

beforeAll(ensureBuilt, 120_000);

/** One broken file beside a good site: the output must name it, with the code. */
const broken: readonly (readonly [string, string | Uint8Array, string, RegExp])[] = [
  ['binary file', new Uint8Array([0, 1, 2, 255, 254, 0]), 'ManifestSyntax', /bad\.yaml/],
  [
    'tabs',
    'apiVersion: kreconcile.dev/v1alpha1\nkind: Machine\n\tmetadata: {name: a}\n',
    'ManifestSyntax',
    /bad\.yaml:3/,
  ],
  ['duplicate key', `${machineYaml('a')}  image: other\n`, 'ManifestSyntax', /bad\.yaml:\d+/],
  [
    'alias bomb',
    `a: &a [x,x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
      .split('')
      .map((name, index) => `${name}: &${name} [${Array(10).fill(`*${'abcdefg'[index]}`).join(',')}]`)
      .join('\n')}\n`,
    'ManifestLimit',
    /bad\.yaml/,
  ],
  ['50 MB file', `# ${'x'.repeat(50 * 1024 * 1024)}\n`, 'ManifestLimit', /bad\.yaml/],
  [
    'unknown kind',
    machineYaml('a').replace('kind: Machine', 'kind: Machin'),
    'ManifestInvalid',
    /bad\.yaml:2.*Machine/s,
  ],
  ['unknown key', machineYaml('a', '  memori: 2Gi\n'), 'ManifestInvalid', /bad\.yaml:7:3.*memori/],
  ['wrong type', machineYaml('a', '  suspend: perhaps\n'), 'ManifestInvalid', /bad\.yaml:7:\d+.*perhaps/],
  ['name with ;', machineYaml('"a;reboot"'), 'ManifestInvalid', /bad\.yaml:3:\d+/],
  ['name with quotes', machineYaml(`'a"b'`), 'ManifestInvalid', /bad\.yaml:3:\d+/],
  ['name with ../', machineYaml('../../etc'), 'ManifestInvalid', /bad\.yaml:3:\d+/],
  [
    'dangling reference',
    machineYaml('a').replace('debian-13', 'debian-99'),
    'ManifestReference',
    /bad\.yaml:5:\d+.*debian-99/,
  ],
  [
    'two files claiming one name',
    machineYaml('good'),
    'ManifestDuplicate',
    /good\.yaml.*bad\.yaml|bad\.yaml.*good\.yaml/s,
  ],
  [
    'a version the distribution does not have',
    clusterYaml('a', 'v1.36.1'),
    'ManifestInvalid',
    /bad\.yaml:6:\d+.*v1\.36\.1/,
  ],
];

async function site(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await makeFolder();
  await write(folder, { ...smallSite, 'good.yaml': machineYaml('good'), ...files });
  return folder;
}

describe('validate', () => {
  it.each(broken)('refuses: %s', async (_, content, code, place) => {
    const { exitCode, stdout } = await kreconcile(['validate', await site({ 'bad.yaml': content })]);
    expect(exitCode).toBe(20);
    expect(stdout).toContain(code);
    expect(stdout).toMatch(place);
  });

  it('takes an empty file for nothing', async () => {
    const { exitCode } = await kreconcile(['validate', await site({ 'empty.yaml': '' })]);
    expect(exitCode).toBe(0);
  });

  it('names every problem at once, as data too', async () => {
    const folder = await site({
      'a.yaml': machineYaml('a', '  memori: 1\n'),
      'b.yaml': machineYaml('b', '  suspend: 7\n'),
    });
    const { exitCode, stdout } = await kreconcile(['validate', folder, '-o', 'json']);
    const told = JSON.parse(stdout) as { valid: boolean; problems: { file: string; line: number; code: string }[] };
    expect(exitCode).toBe(20);
    expect(told.valid).toBe(false);
    expect(told.problems.map(({ file, line, code }) => [file, line, code])).toEqual([
      ['a.yaml', 7, 'ManifestInvalid'],
      ['b.yaml', 7, 'ManifestInvalid'],
    ]);
  });

  it('is not needed to learn from plan and status what to do about each problem', async () => {
    const folder = await site({ 'a.yaml': machineYaml('a', '  memori: 1\n'), 'b.yaml': 'kind: [\n' });
    const host = ['--dir', folder, '-c', `sim://${await makeFolder()}`, '--state-dir', await makeFolder()];
    const planned = await kreconcile(['plan', ...host]);
    expect(planned.stderr).toMatch(/a\.yaml:7:\d+: unknown key "memori".*\n {4}Allowed are: image.*\n.*b\.yaml:2:1/);
    const { exitCode, stdout } = await kreconcile(['status', ...host]);
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/ManifestInvalid: .*\n.*a\.yaml:7:\d+/)]);
    await rm(folder, { recursive: true });
    expect((await kreconcile(['status', ...host])).stdout).toContain(`SourceMissing: there is no folder ${folder}`);
  });

  it('refuses a link that leaves the folder', async () => {
    const folder = await site({});
    await symlink('/etc/hostname', join(folder, 'link.yaml'));
    const { exitCode, stdout } = await kreconcile(['validate', folder]);
    expect([exitCode, stdout.includes('ManifestUnsafePath')]).toEqual([20, true]);
  });

  it('tells a missing folder from an invalid one', async () => {
    const folder = await makeFolder();
    const { exitCode, stdout } = await kreconcile(['validate', join(folder, 'nowhere')]);
    expect([exitCode, stdout.includes('SourceMissing')]).toEqual([21, true]);
    await mkdir(join(folder, 'empty'));
    const empty = await kreconcile(['validate', join(folder, 'empty')]);
    expect([empty.exitCode, empty.stdout.includes('holds no manifest')]).toEqual([0, true]);
  });
});
