import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, ListenOptions } from 'node:net';
import { KreError } from '../model/error.ts';
import type { HttpAddress, HttpHandler, HttpListener } from '../model/http.ts';
import type { Log } from '../model/ports.ts';
import { systemCode } from './file-errors.ts';
import { answer } from './http-answer.ts';
import { placeSocket } from './socket-file.ts';

/** How long a client may take to send its request. */
const requestTimeoutMs = 30_000;

/** Serves until closed; see `Http.listen`. */
export async function listenHttp(address: HttpAddress, handle: HttpHandler, log: Log): Promise<HttpListener> {
  const server = makeServer(address, handle, log);
  server.requestTimeout = requestTimeoutMs;
  if (address.kind === 'tcp') {
    await listenOnPort(server, address.host, address.port);
    return { port: (server.address() as AddressInfo).port, close: () => closeServer(server) };
  }
  const placed = await placeSocket(address, (path) => listen(server, { path }));
  return {
    port: 0,
    close: async () => {
      await placed.remove();
      await closeServer(server);
    },
  };
}

function makeServer(address: HttpAddress, handle: HttpHandler, log: Log): Server {
  const tls = address.kind === 'tcp' ? address.tls : undefined;
  if (!tls) return createServer((request, response) => void answer(request, response, handle, log));
  const options = {
    cert: tls.certificate,
    key: tls.key,
    // A client without a valid certificate is let in unnamed: it may bring a token, and judging that is the handler's part.
    ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: false }),
  };
  return createTlsServer(options, (request, response) => void answer(request, response, handle, log));
}

async function listenOnPort(server: Server, host: string, port: number): Promise<void> {
  try {
    await listen(server, { host, port });
  } catch (thrown) {
    throw new KreError({
      code: 'ConfigInvalid',
      message: `cannot listen on ${host}:${port} (${systemCode(thrown) ?? String(thrown)})`,
      hint: 'Another program may hold that port: choose another address in the configuration (`listen`).',
      disposition: 'stalled',
      cause: thrown,
    });
  }
}

function listen(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
