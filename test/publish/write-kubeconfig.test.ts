import { chmodSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { createKubeconfigWriter } from '../../src/publish/write-kubeconfig.ts';
import { createRecords } from '../../src/records/records.ts';
import { createStore } from '../../src/records/store.ts';
import { systemFiles } from '../../src/sys/files.ts';
import { silentLog, temporaryFolder } from '../source/repository.ts';

const pem = Buffer.from('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n').toString('base64');
const fromGuest = (token: string) =>
  stringify({
    clusters: [{ name: 'k', cluster: { 'certificate-authority-data': pem } }],
    users: [{ name: 'u', user: { token } }],
  });

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

function open(group: string | null = null) {
  const store = createStore({ files: systemFiles, log: silentLog, folder: join(folder.path, 'state') });
  const records = createRecords(store, {
    listBackups: async () => [],
    isInPlace: (entry) => writer.isInPlace(entry),
  });
  const drop = join(folder.path, 'drop');
  const { notePublished, noteUnpublished } = records;
  const writer = createKubeconfigWriter({ files: systemFiles, folder: drop, group, notePublished, noteUnpublished });
  return { records, writer, path: writer.path('dev'), drop };
}

const server = 'https://api.dev.example:6443';

describe('the drop directory', () => {
  it('holds the kubeconfig for its owner alone, and what it was made from is known', async () => {
    const { records, writer, path, drop } = open();
    await writer.publish('dev', fromGuest('one'), server);
    expect(readdirSync(drop)).toEqual(['dev.kubeconfig']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const [entry] = (await records.read()).kubeconfigs;
    expect(entry).toEqual({ cluster: 'dev', server, guestDigest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) });
    await writer.remove('dev');
    expect(existsSync(path)).toBe(false);
    expect((await records.read()).kubeconfigs).toEqual([]);
  });

  it('lets a group read it', async () => {
    const { writer, path } = open(String(process.getgid?.()));
    await writer.publish('dev', fromGuest('one'), server);
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  it('keeps the old file when the new one is refused', async () => {
    const { writer, records } = open();
    await writer.publish('dev', fromGuest('one'), server);
    const before = (await records.read()).kubeconfigs;
    await expect(writer.publish('dev', 'users: []', server)).rejects.toMatchObject({ code: 'KubeconfigUnsafe' });
    expect((await records.read()).kubeconfigs).toEqual(before);
  });

  it.each<[string, (path: string) => void]>([
    ['removed', (path) => rmSync(path)],
    ['changed', (path) => writeFileSync(path, 'server: https://evil')],
    ['opened to others', (path) => chmodSync(path, 0o644)],
  ])('counts a file that somebody has %s as not published, so that it is written anew', async (_, change) => {
    const { writer, records, path } = open();
    await writer.publish('dev', fromGuest('one'), server);
    change(path);
    expect((await records.read()).kubeconfigs).toEqual([]);
    await writer.publish('dev', fromGuest('one'), server);
    expect((await records.read()).kubeconfigs).toHaveLength(1);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('forgets none of two that are published at once', async () => {
    const { writer, records } = open();
    await Promise.all(['a', 'b', 'c'].map((cluster) => writer.publish(cluster, fromGuest(cluster), server)));
    expect((await records.read()).kubeconfigs.map(({ cluster }) => cluster).sort()).toEqual(['a', 'b', 'c']);
  });
});
