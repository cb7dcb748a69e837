import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { fileError, isMissing, unreadable } from './file-errors.ts';

const defaultMaxBytes = 8 * 1024 * 1024;

/** The whole file as UTF-8, `null` if missing; see `Files.read`. Pipes and devices are refused, they may never end. */
export async function readBounded(path: string, maxBytes: number = defaultMaxBytes): Promise<string | null> {
  return (await readBoundedBytes(path, maxBytes))?.toString('utf8') ?? null;
}

/** The same, as bytes. */
export async function readBoundedBytes(path: string, maxBytes: number): Promise<Buffer | null> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (thrown) {
    if (isMissing(thrown)) return null;
    throw fileError('read', path, thrown);
  }
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw unreadable(`${path} should be a file and is none`);
    // A file may grow while it is read, and those of /proc say size 0: the bound is on what comes, not on the size.
    const bytes = await readAtMost(handle, maxBytes + 1);
    if (bytes.length > maxBytes) throw unreadable(`${path} is larger than ${maxBytes} bytes`);
    return bytes;
  } catch (thrown) {
    throw fileError('read', path, thrown);
  } finally {
    await handle.close();
  }
}

async function readAtMost(handle: FileHandle, limitBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let total = 0;
  while (total < limitBytes) {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(Math.min(64 * 1024, limitBytes - total)));
    if (bytesRead === 0) break;
    pieces.push(buffer.subarray(0, bytesRead));
    total += bytesRead;
  }
  return Buffer.concat(pieces);
}
