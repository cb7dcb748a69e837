import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemDownloads } from '../../src/sys/download.ts';

const content = Buffer.from('0123456789'.repeat(50_000));
const digest = createHash('sha256').update(content).digest('hex');

let folder: string;
let server: Server;
let handle: RequestListener;
let ranges: (string | undefined)[];
let url: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kreconcile-download-'));
  ranges = [];
  handle = (_, response) => response.end(content);
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/image`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

const path = () => join(folder, 'image.part');
const fetchIt = (change: object = {}) =>
  systemDownloads.fetch({ url, path: path(), algorithm: 'sha256', stallTimeoutMs: 10_000, ...change });

/** Answers ranges as a file server does. */
const withRanges: RequestListener = (request, response) => {
  const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (start >= content.length) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
    return;
  }
  const headers = { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` };
  response.writeHead(request.headers.range ? 206 : 200, request.headers.range ? headers : {});
  response.end(content.subarray(start));
};

describe('a download', () => {
  test('gives the digest of the whole file and tells how far it is', async () => {
    const seen: (number | null)[][] = [];
    const result = await fetchIt({ onProgress: (have: number, total: number | null) => seen.push([have, total]) });
    expect(result).toEqual({ digest, sizeBytes: content.length });
    expect(await readFile(path())).toEqual(content);
    expect(seen[0]).toEqual([0, content.length]);
    expect(seen.at(-1)).toEqual([content.length, content.length]);
  });

  test('goes on where an earlier one stopped', async () => {
    handle = withRanges;
    await writeFile(path(), content.subarray(0, 123_456));
    expect(await fetchIt()).toEqual({ digest, sizeBytes: content.length });
    expect(ranges).toEqual(['bytes=123456-']);
    expect(await readFile(path())).toEqual(content);
  });

  test('begins anew where the server gives no part', async () => {
    await writeFile(path(), 'something else');
    expect(await fetchIt()).toEqual({ digest, sizeBytes: content.length });
    expect(await readFile(path())).toEqual(content);
  });

  test('of what is here already asks and takes nothing', async () => {
    handle = withRanges;
    await writeFile(path(), content);
    expect(await fetchIt()).toEqual({ digest, sizeBytes: content.length });
    expect(ranges).toEqual([`bytes=${content.length}-`]);
  });

  test('of a file that has become shorter begins anew', async () => {
    handle = withRanges;
    await writeFile(path(), Buffer.concat([content, content]));
    expect(await fetchIt()).toEqual({ digest, sizeBytes: content.length });
  });

  test('that is cut off fails, keeps what came, and the next one completes it', async () => {
    handle = (_, response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 100_000), () => response.destroy());
    };
    await expect(fetchIt()).rejects.toMatchObject({ code: 'ImageDownload', disposition: 'retry' });
    expect((await stat(path())).size).toBeGreaterThan(0);
    handle = withRanges;
    expect(await fetchIt()).toEqual({ digest, sizeBytes: content.length });
  });

  test('from a file of this machine is the same', async () => {
    await writeFile(join(folder, 'source'), content);
    const source = { url: `file://${join(folder, 'source')}` };
    await writeFile(path(), content.subarray(0, 1000));
    expect(await fetchIt(source)).toEqual({ digest, sizeBytes: content.length });
  });

  test('that is sealed can be read by everybody and written by nobody', async () => {
    await fetchIt();
    await systemDownloads.seal(path());
    expect((await stat(path())).mode & 0o777).toBe(0o444);
  });
});

describe('what goes wrong with a download', () => {
  test.each([
    [404, 'stalled'],
    [403, 'stalled'],
    [500, 'retry'],
    [503, 'retry'],
  ])('status %d is told, and is %s', async (status, disposition) => {
    handle = (_, response) => response.writeHead(status).end('no');
    await expect(fetchIt()).rejects.toMatchObject({
      code: 'ImageDownload',
      disposition,
      message: expect.stringContaining(String(status)),
    });
  });

  test('a server that falls silent', async () => {
    handle = (_, response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write('a');
    };
    await expect(fetchIt({ stallTimeoutMs: 200 })).rejects.toMatchObject({
      code: 'ImageDownload',
      message: expect.stringContaining('sent nothing for 0.2 s'),
    });
  });

  test('a host that refuses', async () => {
    await new Promise((resolve) => server.close(resolve));
    await expect(fetchIt()).rejects.toMatchObject({
      code: 'ImageDownload',
      message: expect.stringContaining('refuses the connection'),
    });
  });

  test.each(['ftp://127.0.0.1/image', 'file:///nowhere/image', 'file:///proc'])('%s', async (bad) => {
    await expect(fetchIt({ url: bad })).rejects.toMatchObject({ code: 'ImageDownload' });
  });

  test('credentials in a URL are used and never repeated', async () => {
    const authorizations: (string | undefined)[] = [];
    handle = (request, response) => {
      authorizations.push(request.headers.authorization);
      response.writeHead(404).end();
    };
    const secret = `${url.replace('http://', 'http://user:hush@')}?token=hush`;
    const error: unknown = await fetchIt({ url: secret }).catch((thrown: unknown) => thrown);
    expect(authorizations).toEqual([`Basic ${Buffer.from('user:hush').toString('base64')}`]);
    expect(error).toMatchObject({ code: 'ImageDownload' });
    expect(String(error)).not.toContain('hush');
  });

  test('a caller who gives up', async () => {
    const controller = new AbortController();
    handle = (_, response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write('a', () => controller.abort());
    };
    await expect(fetchIt({ signal: controller.signal })).rejects.toMatchObject({ code: 'ImageDownload' });
  });

  test('a folder that is not there', async () => {
    await expect(fetchIt({ path: join(folder, 'none/image') })).rejects.toMatchObject({ code: 'StateUnreadable' });
  });

  test('a full disk is told as such', async () => {
    // Every write to this device answers that there is no space left.
    await expect(fetchIt({ path: '/dev/full' })).rejects.toMatchObject({ code: 'StorageFull' });
  });
});
