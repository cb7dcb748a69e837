import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadManifestFolder } from '../../src/manifest/load.ts';
import { KreError } from '../../src/model/error.ts';
import { systemFiles } from '../../src/sys/files.ts';
import { cluster, image, machineClass, onlyProblem, problemsOf, setOf } from './documents.ts';

let base = '';
let folder = '';

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'kreconcile-manifests-'));
  folder = join(base, 'cluster.d');
  await mkdir(folder);
});
afterEach(() => rm(base, { recursive: true, force: true }));

const load = () => loadManifestFolder(systemFiles, folder, { revision: 'r1' });

async function put(path: string, content: string | Uint8Array): Promise<string> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  return file;
}

describe('a manifest folder', () => {
  it('is read with its subfolders; hidden names and other files are left alone', async () => {
    await put('a.yaml', image);
    await put('deep/er/b.yml', machineClass);
    await put('.hidden.yaml', 'not: ours');
    await put('.git/config.yaml', 'not: ours');
    await put('README.md', '# not: ours');
    const result = await load();
    expect(result).toMatchObject({ ok: true, fileCount: 2, documentCount: 2 });
    expect(setOf(result).manifests.map(({ at }) => at.file)).toEqual(['a.yaml', 'deep/er/b.yml']);
  });

  it('may be empty, and says that it holds nothing', async () => {
    await put('empty.yaml', '');
    expect(await load()).toMatchObject({ ok: true, fileCount: 1, documentCount: 0 });
  });

  it('may itself be a link, and be named by a relative link inside', async () => {
    await put('a.yaml', image);
    await symlink(folder, join(base, 'link'));
    expect(await loadManifestFolder(systemFiles, join(base, 'link'), { revision: 'r1' })).toMatchObject({
      ok: true,
      documentCount: 1,
    });
  });

  it('that is missing, or is a file, is a problem that names it', async () => {
    await rm(folder, { recursive: true });
    expect(onlyProblem(await load())).toMatchObject({ code: 'SourceMissing', file: folder, line: 0 });
    await writeFile(folder, '');
    expect(onlyProblem(await load()).message).toContain('no folder');
  });
});

describe('files that cannot be manifests', () => {
  it('are refused each for itself, and hide nothing of the others', async () => {
    const big = await put('big.yaml', '');
    await truncate(big, 50 * 2 ** 20);
    await put('binary.yaml', new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 0xff]));
    await put('wrong.yaml', image.replace('os: debian', 'os: dos'));
    expect(problemsOf(await load()).map(({ code, file }) => `${code} ${file}`)).toEqual([
      'ManifestLimit big.yaml',
      'ManifestSyntax binary.yaml',
      'ManifestInvalid wrong.yaml',
    ]);
  });
});

describe('symbolic links', () => {
  it('to a file inside the folder are followed', async () => {
    await symlink(await put('.images/debian.yaml', image), join(folder, 'image.yaml'));
    expect(setOf(await load()).manifests[0]?.at.file).toBe('image.yaml');
  });

  it.each([
    ['out of the folder', 'x.yaml', '/etc/hostname', 'leads out'],
    ['to a folder outside', 'etc', '/etc', 'leads out'],
    ['to a folder inside', 'again', '.', 'links to folders'],
    ['to nothing', 'x.yaml', 'nowhere', 'leads nowhere'],
    ['in a circle', 'x.yaml', 'x.yaml', ''],
  ])('%s are refused', async (_, name, target, message) => {
    await symlink(target, join(folder, name));
    const problem = onlyProblem(await load());
    expect(problem.file).toBe(name);
    expect(problem.message).toContain(message);
  });

  it('that no manifest would be read from are left alone', async () => {
    await symlink('/etc/hostname', join(folder, 'notes.txt'));
    expect((await load()).ok).toBe(true);
  });
});

describe('CNI manifests of the repository', () => {
  const withCni = (path: string) =>
    [image, machineClass, cluster('dev', `cni: {plugin: manifest, manifest: ${path}}`)].join('---\n');

  it('are attached, may be larger than a manifest, and are not read as one', async () => {
    const text = `apiVersion: apps/v1\n# ${'x'.repeat(2 ** 20)}\n`;
    await put('a.yaml', withCni('cni/flannel.yaml'));
    await put('cni/flannel.yaml', text);
    expect(setOf(await load()).files).toEqual({ 'cni/flannel.yaml': text });
  });

  it('that are missing are a dangling reference', async () => {
    await put('a.yaml', withCni('cni.txt'));
    expect(onlyProblem(await load())).toMatchObject({ code: 'ManifestReference', path: 'spec.cni.manifest' });
  });

  it('that a link leads out of the folder for are refused', async () => {
    await put('a.yaml', withCni('cni.yaml'));
    await symlink('/etc/hostname', join(folder, 'cni.yaml'));
    expect(onlyProblem(await load())).toMatchObject({ code: 'ManifestUnsafePath', file: 'cni.yaml' });
  });
});

describe('what the machine refuses', () => {
  const refusing = (kind: 'read' | 'list') => ({
    ...systemFiles,
    [kind]: (path: string) =>
      path.includes('locked')
        ? Promise.reject(
            new KreError({
              code: 'StatePermission',
              message: `no permission: ${path}`,
              hint: 'chmod',
              disposition: 'stalled',
            }),
          )
        : systemFiles[kind](path),
  });

  it.each(['read', 'list'] as const)('is a problem of that file or folder alone (%s)', async (kind) => {
    await put('a.yaml', image.replace('os: debian', 'os: dos'));
    await put('locked/b.yaml', image);
    const problems = problemsOf(await loadManifestFolder(refusing(kind), folder, { revision: 'r1' }));
    expect(problems.map(({ code }) => code)).toEqual(['ManifestInvalid', 'StatePermission']);
  });
});
