import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemDownloads } from '../../src/sys/download.ts';
import { bundle } from '../../tools/bundle.ts';

const content = 'the whole image';
const names = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];
const before = Object.fromEntries(names.map((name) => [name, process.env[name]]));
let folder = '';
let origin: Server;
let proxy: Server;
let passed: string[] = [];
const portOf = (server: Server) => (server.address() as AddressInfo).port;

beforeEach(async () => {
  for (const name of names) delete process.env[name];
  folder = await mkdtemp(join(tmpdir(), 'kreconcile-proxy-'));
  passed = [];
  origin = createServer((_, response) => response.end(content));
  // A plain proxy: forwards what has a whole address, and opens tunnels.
  proxy = createServer((incoming: IncomingMessage, response) => {
    passed.push(incoming.url ?? '');
    incoming.pipe(request(incoming.url ?? '', { method: incoming.method }, (reply) => reply.pipe(response)));
  });
  proxy.on('connect', ({ url = '' }: IncomingMessage, client) => {
    passed.push(url);
    const [host, port] = url.split(':');
    const upstream = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
  });
  for (const server of [origin, proxy]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  for (const name of names) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
  for (const server of [origin, proxy]) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await rm(folder, { recursive: true, force: true });
});

async function download(downloads = systemDownloads): Promise<void> {
  const path = join(folder, 'image');
  const url = `http://127.0.0.1:${portOf(origin)}/image.qcow2`;
  const { digest } = await downloads.fetch({ url, path, algorithm: 'sha256', stallTimeoutMs: 10_000 });
  expect(digest).toBe(createHash('sha256').update(content).digest('hex'));
  expect(await readFile(path, 'utf8')).toBe(content);
}

it('a download goes through the proxy that the environment names', async () => {
  process.env['http_proxy'] = `http://127.0.0.1:${portOf(proxy)}`;
  await download();
  expect(passed.join()).toContain(`127.0.0.1:${portOf(origin)}`);
});

it('and past it where no_proxy says so, or no proxy is named', async () => {
  process.env['HTTP_PROXY'] = `http://127.0.0.1:${portOf(proxy)}`;
  process.env['no_proxy'] = '127.0.0.1,example.test';
  await download();
  await rm(join(folder, 'image'));
  delete process.env['HTTP_PROXY'];
  await download();
  expect(passed).toEqual([]);
});

it('a proxy that does not answer is a failed download, not a way around it', async () => {
  process.env['http_proxy'] = 'http://127.0.0.1:1';
  await expect(download()).rejects.toMatchObject({ code: 'ImageDownload', disposition: 'retry' });
});

it('the bundled program does the same', async () => {
  const entry = fileURLToPath(new URL('../../src/sys/download.ts', import.meta.url));
  await bundle({ download: entry }, folder);
  await writeFile(join(folder, 'package.json'), '{"type": "module"}');
  process.env['http_proxy'] = `http://127.0.0.1:${portOf(proxy)}`;
  await download((await import(join(folder, 'download.js'))).systemDownloads);
  expect(passed.join()).toContain(`127.0.0.1:${portOf(origin)}`);
});
