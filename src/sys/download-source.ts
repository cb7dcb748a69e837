import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { downloadFailed } from './download-errors.ts';
import { proxiedFetch } from './proxied-fetch.ts';

/** The bytes of a file from some position on. */
export interface DownloadBody {
  /** 0 where the server would not start in the middle. */
  readonly startsAt: number;
  /** Of the whole file; `null` if the server does not say. */
  readonly totalBytes: number | null;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Opens a URL at a position. Fails with `ImageDownload`, or with what the system says. */
export async function openSource(url: string, position: number, signal: AbortSignal): Promise<DownloadBody> {
  const { protocol } = new URL(url);
  if (protocol === 'file:') return openFile(url, position, signal);
  if (protocol === 'http:' || protocol === 'https:') return openHttp(url, position, signal);
  throw downloadFailed(url, 'is neither http, https nor file', 'stalled');
}

async function openFile(url: string, position: number, signal: AbortSignal): Promise<DownloadBody> {
  const path = fileURLToPath(url);
  const { size } = await stat(path);
  const startsAt = position <= size ? position : 0;
  return { startsAt, totalBytes: size, chunks: createReadStream(path, { start: startsAt, signal }) };
}

/** Images are compressed already; a transfer encoding would only make positions meaningless. */
const plain = { 'accept-encoding': 'identity', 'user-agent': 'kreconcile' };
const rangeNotSatisfiable = 416;
const partialContent = 206;

async function openHttp(url: string, position: number, signal: AbortSignal): Promise<DownloadBody> {
  const range: Readonly<Record<string, string>> = position > 0 ? { range: `bytes=${position}-` } : {};
  const { href, authorization } = splitCredentials(url);
  const headers = { ...plain, ...range, ...authorization };
  const fetchThere = await proxiedFetch();
  const response = await fetchThere(href, { headers, signal, redirect: 'follow' });
  if (response.status === rangeNotSatisfiable) return wholeOrAgain(url, position, response, signal);
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    const isFinal = [401, 403, 404, 410].includes(response.status);
    throw downloadFailed(url, `was answered with HTTP status ${response.status}`, isFinal ? 'stalled' : 'retry');
  }
  const isPartial = response.status === partialContent && rangeStart(response) === position;
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  const startsAt = isPartial ? position : 0;
  return {
    startsAt,
    totalBytes: Number.isFinite(length) ? startsAt + length : null,
    chunks: response.body,
  };
}

/** User and password go into a header: fetch takes no URL with them, and repeats it in its complaint. */
function splitCredentials(url: string): {
  readonly href: string;
  readonly authorization: Readonly<Record<string, string>>;
} {
  const parsed = new URL(url);
  if (parsed.username === '' && parsed.password === '') return { href: url, authorization: {} };
  const pair = `${decodeURIComponent(parsed.username)}:${decodeURIComponent(parsed.password)}`;
  parsed.username = '';
  parsed.password = '';
  const authorization = { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
  return { href: parsed.href, authorization };
}

/** All of it is here already, or what is here is longer than the file: then it is fetched anew. */
async function wholeOrAgain(
  url: string,
  position: number,
  response: Response,
  signal: AbortSignal,
): Promise<DownloadBody> {
  await response.body?.cancel();
  const total = Number(/\*\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1] ?? Number.NaN);
  if (total === position) return { startsAt: position, totalBytes: total, chunks: none() };
  return openHttp(url, 0, signal);
}

async function* none(): AsyncIterable<Uint8Array> {}

function rangeStart(response: Response): number {
  return Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1] ?? Number.NaN);
}
