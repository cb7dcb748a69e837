import { chmod, chown, lstat, mkdtemp, rename, rm, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { KreError } from '../model/error.ts';
import type { HttpAddress } from '../model/http.ts';
import { fileError, isMissing, systemCode } from './file-errors.ts';
import { groupId } from './group.ts';

const defaultSocketMode = 0o600;
/** The kernel takes 107 bytes; the folder in which the socket is born needs a few more than its last name. */
const maxPathBytes = 96;

type SocketAddress = Extract<HttpAddress, { kind: 'socket' }>;

/** A socket that stands at its path; `remove` takes it away if it still is the same one. */
export interface PlacedSocket {
  remove(): Promise<void>;
}

/**
 * Binds a unix socket in a private folder and moves it to its path when mode and group are right, so that at no time
 * somebody else can connect, and what a killed agent left behind is replaced in one act.
 */
export async function placeSocket(
  address: SocketAddress,
  bind: (path: string) => Promise<void>,
): Promise<PlacedSocket> {
  const { path } = address;
  await refuseUnlessFree(path);
  let birthplace: string | undefined;
  try {
    birthplace = await mkdtemp(join(dirname(path), '.s-'));
    const born = join(birthplace, 's');
    await bind(born);
    if (address.group !== undefined) await chown(born, process.getuid?.() ?? 0, await groupId(address.group));
    await chmod(born, address.mode ?? defaultSocketMode);
    const { ino } = await lstat(born);
    await rename(born, path);
    return { remove: () => removeIfSame(path, ino) };
  } catch (thrown) {
    throw fileError('make the socket', path, thrown);
  } finally {
    if (birthplace !== undefined) await rm(birthplace, { recursive: true, force: true });
  }
}

async function refuseUnlessFree(path: string): Promise<void> {
  if (Buffer.byteLength(path) > maxPathBytes) {
    throw unusable(`the path of the socket is longer than ${maxPathBytes} bytes: ${path}`);
  }
  const present = await lstat(path).catch((thrown: unknown) => {
    if (isMissing(thrown)) return undefined;
    throw fileError('look at', path, thrown);
  });
  if (!present) return;
  if (!present.isSocket()) throw unusable(`${path} should be a socket and is something else`);
  if (!(await isAnswered(path))) return;
  throw new KreError({
    code: 'AgentRunning',
    message: `another agent answers at ${path}`,
    hint: 'Use `kreconcile status` to see it; stop that agent first if this one shall take over.',
    disposition: 'stalled',
  });
}

function unusable(message: string): KreError {
  return new KreError({
    code: 'ConfigInvalid',
    message,
    hint: 'Name another path for the control socket, or move away what stands there.',
    disposition: 'stalled',
  });
}

/** Whether somebody listens. Being refused by permission is an answer too: an owner is alive or the file is not ours. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const done = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.on('connect', () => done(true));
    socket.on('error', (thrown) => done(systemCode(thrown) !== 'ECONNREFUSED' && !isMissing(thrown)));
  });
}

async function removeIfSame(path: string, inode: number): Promise<void> {
  try {
    if ((await lstat(path)).ino === inode) await unlink(path);
  } catch (thrown) {
    if (!isMissing(thrown)) throw fileError('remove', path, thrown);
  }
}
