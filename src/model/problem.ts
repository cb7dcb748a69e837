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

/** What to do where problems with different ways out stand together, each with its own hint below it. */
export const MANY_HINTS = 'Correct each of these places, as the line below each says.';

/**
 * Problems as lines: the first of them, and how many more there are. Where they do not all ask for the same, each is followed by what
 * to do about it, indented.
 */
export function problemLines(problems: readonly Problem[], max: number): readonly string[] {
  const isOneHint = hintOf(problems) !== MANY_HINTS;
  const rest = problems.length - max;
  return [
    ...problems
      .slice(0, max)
      .flatMap((problem) => [problemText(problem), ...(isOneHint || problem.hint === '' ? [] : [`  ${problem.hint}`])]),
    ...(rest > 0 ? [`and ${rest} more`] : []),
  ];
}

/** What to do about all of them: what each asks for, if that is the same. */
export function hintOf(problems: readonly Problem[]): string {
  const [hint = '', ...others] = new Set(problems.map((problem) => problem.hint));
  return others.length === 0 ? hint : MANY_HINTS;
}

/** All problems as the one error that refuses a revision: the first problem's code and place, and the texts with what to do. */
export function problemsError(problems: readonly Problem[]): KreError {
  const [first] = problems;
  if (!first) throw new Error('problemsError needs a problem');
  return new KreError({
    code: first.code,
    message: problemLines(problems, maxListed).join('\n'),
    hint: hintOf(problems),
    disposition: 'stalled',
    at: { file: first.file, line: first.line, column: first.column },
  });
}
