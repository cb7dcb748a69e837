import { chmodSync, existsSync, lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { mergeKubeconfigFile } from '../../src/publish/merge.ts';
import { systemFiles } from '../../src/sys/files.ts';
import { temporaryFolder } from '../source/repository.ts';

const published = (cluster: string, server: string) =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': cluster,
    clusters: [{ name: cluster, cluster: { server, 'certificate-authority-data': 'QQ==' } }],
    users: [{ name: cluster, user: { token: 't' } }],
    contexts: [{ name: cluster, context: { cluster, user: cluster } }],
  });

let folder: ReturnType<typeof temporaryFolder>;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder.path, '.kube/config');
});
afterEach(() => folder.remove());

const merge = (cluster: string, server: string, setCurrent = false) =>
  mergeKubeconfigFile({ files: systemFiles, path, kubeconfig: published(cluster, server), setCurrent });
const names = (list: string) => parse(readFileSync(path, 'utf8'))[list].map(({ name }: { name: string }) => name);

describe('merging a kubeconfig', () => {
  it('makes the file for its owner alone', async () => {
    expect(await merge('dev', 'https://a:6443')).toEqual({
      backup: null,
      context: 'dev',
      replaced: false,
      isCurrent: true,
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder.path, '.kube')).mode & 0o777).toBe(0o700);
  });

  it('leaves other contexts, the current one, comments and the mode as they are', async () => {
    await merge('prod', 'https://p:6443');
    writeFileSync(path, `# my clusters\n${readFileSync(path, 'utf8')}extensions: [{name: x}]\n`);
    chmodSync(path, 0o640);
    const before = readFileSync(path, 'utf8');
    const result = await merge('dev', 'https://a:6443');
    expect(result).toMatchObject({ replaced: false, isCurrent: false });
    for (const list of ['clusters', 'users', 'contexts']) expect(names(list)).toEqual(['prod', 'dev']);
    const text = readFileSync(path, 'utf8');
    expect(text).toContain('# my clusters');
    expect(parse(text)).toMatchObject({ 'current-context': 'prod', extensions: [{ name: 'x' }] });
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readFileSync(result.backup ?? '', 'utf8')).toBe(before);
  });

  it('replaces entries of the same name in their place, and says so', async () => {
    await merge('dev', 'https://old:6443');
    await merge('prod', 'https://p:6443', true);
    expect(await merge('dev', 'https://new:6443')).toMatchObject({ replaced: true, isCurrent: false });
    expect(names('clusters')).toEqual(['dev', 'prod']);
    expect(parse(readFileSync(path, 'utf8')).clusters[0].cluster.server).toBe('https://new:6443');
  });

  it('fills in empty lists, as kubectl writes them', async () => {
    await merge('dev', 'https://a:6443');
    writeFileSync(path, 'apiVersion: v1\nkind: Config\nclusters: null\nusers: []\ncurrent-context: ""\n');
    await merge('dev', 'https://a:6443');
    expect(names('clusters')).toEqual(['dev']);
    expect(names('contexts')).toEqual(['dev']);
    expect(parse(readFileSync(path, 'utf8'))['current-context']).toBe('dev');
  });

  it('follows a link and changes what it leads to', async () => {
    const real = join(folder.path, 'real');
    writeFileSync(real, published('prod', 'https://p:6443'));
    path = join(folder.path, 'link');
    symlinkSync(real, path);
    await merge('dev', 'https://a:6443');
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(names('clusters')).toEqual(['prod', 'dev']);
  });

  it.each(['a: [', '- x', 'clusters: {dev: 1}', 'text'])('changes nothing where the file is %j', async (text) => {
    await merge('dev', 'https://a:6443');
    writeFileSync(path, text);
    await expect(merge('dev', 'https://a:6443')).rejects.toMatchObject({ code: 'StateUnreadable' });
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect(existsSync(`${path}.before-kreconcile`)).toBe(false);
  });
});
