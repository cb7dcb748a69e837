/** The Downloads port: one stream from the server through a hash to the disk. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { DownloadRequest, DownloadResult, Downloads } from '../model/download.ts';
import { KreError } from '../model/error.ts';
import { downloadFailed, networkTrouble } from './download-errors.ts';
import { type DownloadBody, openSource } from './download-source.ts';
import { fileError } from './file-errors.ts';
import { syncFolder } from './folder.ts';

/** Files over HTTP and from the file system. */
export const systemDownloads: Downloads = {
  fetch: fetchFile,
  seal: async (path) => {
    try {
      await chmod(path, 0o444);
    } catch (thrown) {
      throw fileError('make read-only', path, thrown);
    }
  },
};

async function fetchFile(request: DownloadRequest): Promise<DownloadResult> {
  const { path } = request;
  const stall = stallSignal(request);
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'a+', 0o600).catch((thrown: unknown) => {
      throw fileError('write', path, thrown);
    });
    const result = await transfer(request, handle, stall);
    await handle.sync();
    await syncFolder(dirname(path));
    return result;
  } finally {
    stall.end();
    await handle?.close();
  }
}

async function transfer(request: DownloadRequest, handle: FileHandle, stall: Stall): Promise<DownloadResult> {
  let hash = createHash(request.algorithm);
  let have = (await handle.stat()).size;
  const body = await openSource(request.url, have, stall.signal).catch((thrown: unknown) => {
    throw asDownloadError(request, stall, thrown);
  });
  if (body.startsAt === 0 && have > 0) {
    await handle.truncate(0);
    have = 0;
  }
  if (have > 0) hash = await hashBeginning(request, hash, have, stall);
  request.onProgress?.(have, body.totalBytes);
  have = await append(request, handle, body, { hash, have, stall });
  if (body.totalBytes !== null && have !== body.totalBytes) {
    throw downloadFailed(request.url, `ended after ${have} of ${body.totalBytes} bytes`);
  }
  return { digest: hash.digest('hex'), sizeBytes: have };
}

async function hashBeginning(request: DownloadRequest, hash: Hash, bytes: number, stall: Stall): Promise<Hash> {
  for await (const chunk of createReadStream(request.path, { end: bytes - 1 })) {
    hash.update(chunk);
    stall.moved();
  }
  return hash;
}

async function append(
  request: DownloadRequest,
  handle: FileHandle,
  body: DownloadBody,
  { hash, have, stall }: { readonly hash: Hash; readonly have: number; readonly stall: Stall },
): Promise<number> {
  let total = have;
  try {
    for await (const chunk of body.chunks) {
      stall.moved();
      hash.update(chunk);
      await handle.appendFile(chunk).catch((thrown: unknown) => {
        throw fileError('write', request.path, thrown);
      });
      total += chunk.byteLength;
      request.onProgress?.(total, body.totalBytes);
    }
  } catch (thrown) {
    throw asDownloadError(request, stall, thrown);
  }
  return total;
}

function asDownloadError(request: DownloadRequest, stall: Stall, thrown: unknown): KreError {
  if (thrown instanceof KreError) return thrown;
  if (request.signal?.aborted) return downloadFailed(request.url, 'was stopped', 'retry', thrown);
  if (stall.signal.aborted) {
    return downloadFailed(request.url, `sent nothing for ${request.stallTimeoutMs / 1000} s`, 'retry', thrown);
  }
  return downloadFailed(request.url, networkTrouble(thrown), 'retry', thrown);
}

/** Aborts when nothing has moved for too long, or when the caller gives up. */
interface Stall {
  readonly signal: AbortSignal;
  moved(): void;
  end(): void;
}

function stallSignal({ stallTimeoutMs, signal }: DownloadRequest): Stall {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), stallTimeoutMs);
  const giveUp = () => controller.abort();
  if (signal?.aborted) giveUp();
  signal?.addEventListener('abort', giveUp, { once: true });
  return {
    signal: controller.signal,
    moved: () => void timer.refresh(),
    end: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
    },
  };
}
