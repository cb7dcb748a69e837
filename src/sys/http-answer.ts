import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { HttpHandler, HttpReply, HttpRequest } from '../model/http.ts';
import type { Log } from '../model/ports.ts';

const maxBodyBytes = 1024 * 1024;

/** Reads a request, lets the handler answer it and sends the reply. Never rejects: a client may go at any time. */
export async function answer(
  incoming: IncomingMessage,
  response: ServerResponse,
  handle: HttpHandler,
  log: Log,
): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  response.on('error', () => gone.abort());
  try {
    const body = await readBody(incoming);
    const reply = body === null ? tooLarge : await handle(asRequest(incoming, body, gone.signal));
    await sendReply(response, reply, gone.signal);
  } catch (thrown) {
    // That a client has gone is its own affair.
    if (!gone.signal.aborted) log.error({ error: thrown, path: incoming.url }, 'request failed');
    if (response.headersSent) response.destroy();
    else await sendReply(response, failed, gone.signal).catch(() => response.destroy());
  }
}

const tooLarge: HttpReply = { status: 413, body: '{"error":"the request is too large"}\n' };
const failed: HttpReply = { status: 500, body: '{"error":"the request could not be answered; the log says why"}\n' };

/** The whole body, or `null` when it is longer than anybody needs. */
async function readBody(incoming: IncomingMessage): Promise<Buffer | null> {
  const pieces: Buffer[] = [];
  let total = 0;
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    total += piece.length;
    if (total > maxBodyBytes) return null;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function asRequest(incoming: IncomingMessage, body: Buffer, signal: AbortSignal): HttpRequest {
  const url = new URL(incoming.url ?? '/', 'http://localhost');
  const clientName = certifiedName(incoming);
  const headers = Object.entries(incoming.headersDistinct).map(
    ([name, values = []]) => [name, values.join(', ')] as const,
  );
  return {
    method: incoming.method ?? 'GET',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: Object.fromEntries(headers),
    body: body.toString('utf8'),
    bodyBytes: body,
    signal,
    ...(clientName === undefined ? {} : { clientName }),
  };
}

function certifiedName({ socket }: IncomingMessage): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  // With two names in it a certificate does not say who it is.
  return typeof name === 'string' ? name : undefined;
}

async function sendReply(response: ServerResponse, reply: HttpReply, signal: AbortSignal): Promise<void> {
  response.statusCode = reply.status;
  response.setHeader('content-type', reply.contentType ?? 'application/json');
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  if (typeof reply.body === 'string') {
    response.end(reply.body);
    return;
  }
  for await (const piece of reply.body) {
    if (signal.aborted) return;
    if (!response.write(piece)) await once(response, 'drain', { signal });
  }
  response.end();
}
