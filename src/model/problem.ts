import { KreError, type SourcePosition } from './error.ts';
import type { ErrorCode } from './error-codes.ts';

/**
 * Something wrong with the manifests, at a place. `line` and `column` count from 1; 0 means the file or folder as a whole.
 * `file` is relative to the manifest folder, except where the folder itself is what is wrong.
 */
export interface Problem extends SourcePosition {
  readonly code: ErrorCode;
  /** Path inside the document, `spec.workers[0].replicas`; empty for the document or file as a whole. */
  readonly path: string;
  /** What stands there, shortened, without credentials. */
  readonly found: string;
  /** What may stand there. */
  readonly allowed: string;
  /** The whole finding in one sentence. */
  readonly message: string;
  /** What a person can do. */
  readonly hint: string;
  /** The other place, where two contradict each other. */
  readonly related?: SourcePosition | undefined;
}

/** `dev.yaml:14:5`, or `dev.yaml` where the file as a whole is meant. */
export function positionText(at: SourcePosition): string {
  return at.line === 0 ? at.file : `${at.file}:${at.line}:${at.column}`;
}

/** One line for people: the place, the finding and the other place. */
export function problemText(problem: Problem): string {
  const other = problem.related ? ` (the other: ${positionText(problem.related)})` : '';
  return `${positionText(problem)}: ${problem.message}${other}`;
}

/** Problems that an error lists; the rest is counted. */
const maxListed = 20;

/** All problems as the one error that refuses a revision: the first problem's code, place and hint, and the texts. */
export function problemsError(problems: readonly Problem[]): KreError {
  const [first] = problems;
  if (!first) throw new Error('problemsError needs a problem');
  const rest = problems.length - maxListed;
  return new KreError({
    code: first.code,
    message: [...problems.slice(0, maxListed).map(problemText), ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n'),
    hint: first.hint,
    disposition: 'stalled',
    at: { file: first.file, line: first.line, column: first.column },
  });
}
