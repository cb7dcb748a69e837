import type { ErrorCode } from './error-codes.ts';

/**
 * What the loop should do about an error.
 * - `retry`: may pass on its own; try again with backoff.
 * - `wait`: nothing to try until something outside changes; look again later.
 * - `stalled`: no retry will help until a person or a commit changes something.
 * - `bug`: should be impossible; report it.
 */
export type Disposition = 'retry' | 'wait' | 'stalled' | 'bug';

/** A place in a text file; line and column count from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What a `KreError` is made of. `hint` says what a person can do; `cause` is what was caught, if anything. */
export interface KreErrorInit {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly disposition: Disposition;
  readonly at?: SourcePosition | undefined;
  readonly cause?: unknown;
}

/** The one error class of the product: a stable code, what was found, where, and what to do. */
export class KreError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly disposition: Disposition;
  readonly at: SourcePosition | undefined;

  constructor(init: KreErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'KreError';
    this.code = init.code;
    this.hint = init.hint;
    this.disposition = init.disposition;
    this.at = init.at;
  }
}

/** Any thrown value as a `KreError`; what is not one becomes code `Internal`, disposition `bug`. */
export function toKreError(thrown: unknown): KreError {
  if (thrown instanceof KreError) return thrown;
  return new KreError({
    code: 'Internal',
    message: thrown instanceof Error ? thrown.message : String(thrown),
    hint: 'This is a defect of kreconcile: please report it with the log around it.',
    disposition: 'bug',
    cause: thrown,
  });
}
