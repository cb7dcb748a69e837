import { createHash } from 'node:crypto';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { DesiredImage } from '../../../../src/model/desired.ts';
import { KreError } from '../../../../src/model/error.ts';
import type { HostOperation } from '../../../../src/model/observed.ts';
import { systemDownloads } from '../../../../src/sys/download.ts';
import { type FakeLibvirt, startFakeLibvirt } from './fake-libvirt.ts';

/** What `qemu-img info` of the fake reads: the file is its own header. */
const header = (change: object = {}) => JSON.stringify({ format: 'qcow2', 'virtual-size': 2 ** 30, ...change });
const sha256 = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

let fake: FakeLibvirt;
let server: Server;
let served: Readonly<Record<string, string>>;
let requests: string[];
beforeEach(async () => {
  fake = await startFakeLibvirt();
  requests = [];
  served = { '/image.qcow2': header() };
  server = createServer((request, response) => {
    requests.push(request.url ?? '');
    const body = served[request.url ?? ''];
    if (body === undefined) response.writeHead(404).end();
    else response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await fake.dispose();
});

const url = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;

function image(change: Partial<DesiredImage> = {}): DesiredImage {
  const common = { name: 'debian-13', os: 'debian', version: '13', arch: 'x86_64', format: 'qcow2' } as const;
  return { ...common, digest: sha256(header()), urls: [url('/image.qcow2')], ...change };
}

async function fetched(wanted: DesiredImage): Promise<HostOperation> {
  await fake.driver.fetchImage(wanted);
  return vi.waitUntil(
    async () => {
      const { operations } = await fake.driver.inventory();
      return operations.find(({ id, state }) => id === `fetch-image-${wanted.digest}` && state !== 'running');
    },
    { timeout: 20_000, interval: 10 },
  ) as Promise<HostOperation>;
}

const names = () => readdir(fake.imagesFolder);

describe('fetching an image', () => {
  test('ends with a read-only file named by its digest, whose size is known without another process', async () => {
    expect(await fetched(image())).toMatchObject({ state: 'succeeded', progress: 1 });
    fake.takePrograms();
    const { images } = await fake.driver.inventory();
    const path = join(fake.imagesFolder, `${sha256(header()).replace(':', '-')}.qcow2`);
    expect(images).toEqual([{ digest: sha256(header()), path, format: 'qcow2', virtualSizeMiB: 1024 }]);
    expect((await stat(path)).mode & 0o777).toBe(0o444);
    expect(fake.takePrograms()).toEqual(['virsh', 'virsh']);
  });

  test('tries the mirrors in order', async () => {
    const urls = [url('/gone.qcow2'), 'http://127.0.0.1:1/refused', url('/image.qcow2'), url('/never-asked')];
    expect(await fetched(image({ urls }))).toMatchObject({ state: 'succeeded' });
    expect(requests).toEqual(['/gone.qcow2', '/image.qcow2']);
  });

  test.each([
    ['a missing file', { urls: ['/gone.qcow2'] }, 'ImageDownload', 'HTTP status 404'],
    ['another checksum', { digest: sha256('other') }, 'ImageChecksum', 'the manifest states sha256:'],
    ['another format', { path: '/raw', body: header({ format: 'raw' }) }, 'ImageFormat', 'is raw'],
    [
      'a backing file',
      { path: '/b', body: header({ 'backing-filename': '/etc/shadow' }) },
      'ImageFormat',
      '/etc/shadow',
    ],
    [
      'a data file',
      { path: '/d', body: header({ 'format-specific': { data: { 'data-file': '/etc/shadow' } } }) },
      'ImageFormat',
      '/etc/shadow',
    ],
    ['no image at all', { path: '/h', body: '<html>' }, 'ImageFormat', 'could not be read'],
  ])('%s fails, says so, and leaves nothing', async (_, { urls, digest, path, body }: Broken, code, text) => {
    if (path !== undefined && body !== undefined) served = { [path]: body };
    const wanted = image({
      digest: digest ?? sha256(body ?? header()),
      urls: (urls ?? [path ?? '/image.qcow2']).map(url),
    });
    const operation = await fetched(wanted);
    expect(operation).toMatchObject({ state: 'failed', endedAtMs: expect.any(Number) });
    expect(operation.message).toContain(code);
    expect(operation.message).toContain(text);
    expect((await fake.driver.inventory()).images).toEqual([]);
    expect((await names()).filter((name) => name.endsWith('.qcow2'))).toEqual([]);
  });

  test('what proved wrong is not resumed', async () => {
    served = { '/image.qcow2': 'garbage' };
    expect(await fetched(image())).toMatchObject({ state: 'failed' });
    served = { '/image.qcow2': header() };
    expect(await fetched(image())).toMatchObject({ state: 'succeeded' });
  });

  test('a full disk is told as such and not blamed on the mirror', async () => {
    await fake.dispose();
    const full = new KreError({ code: 'StorageFull', message: 'the disk is full', hint: 'free', disposition: 'retry' });
    fake = await startFakeLibvirt({ downloads: { ...systemDownloads, fetch: () => Promise.reject(full) } });
    const operation = await fetched(image({ urls: [url('/image.qcow2'), url('/image.qcow2')] }));
    expect(operation.message).toContain('StorageFull');
    expect(requests).toEqual([]);
  });

  test('shows how far it is, and runs once however often it is asked for', async () => {
    await fake.dispose();
    let calls = 0;
    let finish = (): void => undefined;
    fake = await startFakeLibvirt({
      downloads: {
        ...systemDownloads,
        fetch: async ({ path, onProgress }) => {
          calls++;
          onProgress?.(2 ** 20, 4 * 2 ** 20);
          await new Promise<void>((resolve) => {
            finish = resolve;
          });
          await writeFile(path, header());
          return { digest: sha256(header()).slice(7), sizeBytes: 1 };
        },
      },
    });
    await fake.driver.fetchImage(image());
    await fake.driver.fetchImage(image());
    const running = await vi.waitUntil(
      async () => (await fake.driver.inventory()).operations.find(({ progress }) => progress === 0.25),
      { timeout: 10_000, interval: 10 },
    );
    expect(running).toMatchObject({ state: 'running', message: '1 of 4 MiB' });
    finish();
    expect(await fetched(image())).toMatchObject({ state: 'succeeded' });
    expect(calls).toBe(1);
  });
});

interface Broken {
  readonly urls?: readonly string[];
  readonly digest?: string;
  readonly path?: string;
  readonly body?: string;
}
