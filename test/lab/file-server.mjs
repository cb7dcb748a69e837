// A static file server for the inside of a lab host: GET and HEAD, one byte range, no listing.
// Run as: node file-server.mjs FOLDER PORT; prints "listening" when it does.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join, normalize } from 'node:path';

const [folder, port] = process.argv.slice(2);

const server = createServer(async (request, response) => {
  const path = join(folder, normalize(decodeURIComponent(new URL(request.url, 'http://lab').pathname)));
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) {
    response.writeHead(404).end();
    return;
  }
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const start = range ? Number(range[1]) : 0;
  const end = range?.[2] ? Math.min(Number(range[2]), found.size - 1) : found.size - 1;
  if (range && start >= found.size) {
    response.writeHead(416, { 'content-range': `bytes */${found.size}` }).end();
    return;
  }
  response.writeHead(range ? 206 : 200, {
    'accept-ranges': 'bytes',
    'content-length': found.size === 0 ? 0 : end - start + 1,
    'content-type': 'application/octet-stream',
    etag: `"${found.size}-${found.mtimeMs}"`,
    'last-modified': found.mtime.toUTCString(),
    ...(range ? { 'content-range': `bytes ${start}-${end}/${found.size}` } : {}),
  });
  if (request.method === 'HEAD' || found.size === 0) {
    response.end();
    return;
  }
  createReadStream(path, { start, end })
    .on('error', () => response.destroy())
    .pipe(response);
});
server.listen(Number(port), '0.0.0.0', () => console.log('listening'));
