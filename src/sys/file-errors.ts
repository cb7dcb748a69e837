import { KreError } from '../model/error.ts';

/** Whether an error of node:fs says that there is nothing at the path. */
export function isMissing(thrown: unknown): boolean {
  const code = systemCode(thrown);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** The system's name of an error, such as `EACCES`. */
export function systemCode(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** An error of node:fs as ours; `verb` and `path` say what was tried. */
export function fileError(verb: string, path: string, cause: unknown): KreError {
  if (cause instanceof KreError) return cause;
  const code = systemCode(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new KreError({
      code: 'StorageFull',
      message: `could not ${verb} ${path}: the disk or the quota is full`,
      hint: 'Free space on that file system; nothing half-written was left, and the next pass tries again.',
      disposition: 'retry',
      cause,
    });
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new KreError({
      code: 'StatePermission',
      message: `could not ${verb} ${path}: ${code === 'EROFS' ? 'the file system is read-only' : 'no permission'}`,
      hint: 'Give the user that kreconcile runs as access to it, or point the configuration to another folder.',
      disposition: 'stalled',
      cause,
    });
  }
  return unreadable(`could not ${verb} ${path}: ${code ?? String(cause)}`, cause);
}

/** Something is there and cannot be used as what it should be. */
export function unreadable(message: string, cause?: unknown): KreError {
  return new KreError({
    code: 'StateUnreadable',
    message,
    hint: 'Look at what stands at that path; move it away if it does not belong there.',
    disposition: 'stalled',
    cause,
  });
}
