/**
 * One agent per host. The lock is a listening abstract unix socket: the kernel frees the name when the process dies, however it
 * dies, so there is no stale lock to clean up. It holds within one network namespace, and any local user may take a name
 * first; so a taken name is reported with who answers on it, and never waited on.
 */
import { createHash } from 'node:crypto';
import { connect, createServer, type Server } from 'node:net';
import { KreError } from '../model/error.ts';
import { systemCode } from './file-errors.ts';

const holderReplyTimeoutMs = 500;
const maxReplyBytes = 200;

/** A lock that is held until released or until the process ends. */
export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes the lock of `key` (the hypervisor's URI, or the state folder's real path), at once or not at all: if another
 * process holds it, `AgentRunning`.
 */
export async function takeLock(key: string): Promise<Lock> {
  const name = `\0kreconcile-${createHash('sha256').update(key).digest('hex').slice(0, 32)}`;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(`pid ${process.pid}`);
  });
  try {
    await listen(server, name);
  } catch (thrown) {
    if (systemCode(thrown) !== 'EADDRINUSE') throw thrown;
    throw new KreError({
      code: 'AgentRunning',
      message: `another agent (${await askHolder(name)}) holds ${key}`,
      hint: 'Use `kreconcile status` to see it; stop that agent first if this one shall take over.',
      disposition: 'stalled',
      cause: thrown,
    });
  }
  // The lock alone is no reason for the process to go on.
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Who says that it holds the name. Only for the message: anybody may say anything. */
function askHolder(name: string): Promise<string> {
  return new Promise((resolve) => {
    let reply = '';
    const socket = connect({ path: name });
    const done = (): void => {
      socket.destroy();
      resolve(/^pid \d+$/.test(reply) ? reply : 'which does not say its pid');
    };
    socket.setTimeout(holderReplyTimeoutMs, done);
    socket.on('data', (chunk) => {
      reply += chunk.toString('utf8').slice(0, maxReplyBytes);
      if (reply.length >= maxReplyBytes) done();
    });
    socket.on('end', done);
    socket.on('error', done);
  });
}
