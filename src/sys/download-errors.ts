import { KreError } from '../model/error.ts';

/** A file that did not come, or not whole. `retry` for what may pass, `stalled` for what somebody must change. */
export function downloadFailed(
  url: string,
  what: string,
  disposition: 'retry' | 'stalled' = 'retry',
  cause?: unknown,
): KreError {
  return new KreError({
    code: 'ImageDownload',
    message: `${withoutCredentials(url)} ${what}`,
    hint:
      disposition === 'retry'
        ? 'See that the server answers; what has arrived is kept, and the download goes on from there.'
        : 'Correct the URL in the manifest, or add a mirror that has the file.',
    disposition,
    cause,
  });
}

/** What the system says of a broken connection, in words. */
export function networkTrouble(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
  const code = typeof inner === 'object' && inner !== null && 'code' in inner ? String(inner.code) : '';
  const words: Readonly<Record<string, string>> = {
    ENOTFOUND: 'is on a host that is not known',
    EAI_AGAIN: 'is on a host whose name could not be looked up',
    ECONNREFUSED: 'is on a host that refuses the connection',
    ECONNRESET: 'broke off',
    UND_ERR_SOCKET: 'broke off',
    ERR_STREAM_PREMATURE_CLOSE: 'broke off',
    ENOENT: 'does not exist',
    EISDIR: 'is a folder',
    EACCES: 'may not be read',
  };
  // Never the system's own sentence: it may repeat the URL with what is secret in it.
  return words[code] ?? `could not be fetched${code ? `: ${code}` : ''}`;
}

/** A URL as it may be shown: user, password and query can be secrets. */
export function withoutCredentials(url: string): string {
  try {
    const parsed = new URL(url);
    parsed.username = '';
    parsed.password = '';
    parsed.search = '';
    return parsed.href;
  } catch {
    return 'the URL';
  }
}
