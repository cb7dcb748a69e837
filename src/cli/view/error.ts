import type { KreError } from '../../model/error.ts';
import { positionText } from '../../model/problem.ts';
import type { Style } from './style.ts';

/** An error for people: what was found, where, and what to do. Several lines of a message stay several lines. */
export function errorText(error: KreError, style: Style): string {
  const [first = '', ...more] = error.message.split('\n');
  // A problem with manifests begins with its place already.
  const place = error.at && !first.startsWith(error.at.file) ? [`  at ${positionText(error.at)}`] : [];
  const lines = [
    `${style.bad('error')} ${style.bold(error.code)}: ${more.length === 0 ? first : ''}`.trimEnd(),
    ...(more.length === 0 ? [] : [first, ...more].map((line) => `  ${line}`)),
    ...place,
    ...causeLines(error),
    ...(error.hint === '' ? [] : [`  ${style.dim('what to do:')} ${error.hint}`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** Of a defect, where it is; of another error, nothing that its message does not say. */
function causeLines(error: KreError): readonly string[] {
  if (error.disposition !== 'bug' || !(error.cause instanceof Error)) return [];
  const stack = error.cause.stack ?? String(error.cause);
  return stack
    .split('\n')
    .slice(0, 8)
    .map((line) => `  ${line}`);
}
