import { type Problem, positionText } from '../../model/problem.ts';
import { plain, type Style } from './style.ts';

/** All problems of a revision, each with its place, what is allowed and what to do. */
export function problemsView(problems: readonly Problem[], style: Style): string {
  const lines = problems.flatMap((problem) => [
    `${style.bold(positionText(problem))}: ${style.bad(problem.code)}: ${plain(problem.message)}`,
    ...(problem.related ? [`  the other: ${positionText(problem.related)}`] : []),
    ...(problem.hint === '' ? [] : [`  ${style.dim(plain(problem.hint))}`]),
  ]);
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return `${[...lines, style.bad(`${count}, so nothing of this revision is enforced.`)].join('\n')}\n`;
}
