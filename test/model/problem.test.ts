import { describe, expect, it } from 'vitest';
import { type Problem, problemsError, problemText } from '../../src/model/problem.ts';

const problem: Problem = {
  code: 'ManifestInvalid',
  file: 'dev.yaml',
  line: 14,
  column: 5,
  path: 'spec.os',
  found: '"dos"',
  allowed: 'debian, ubuntu',
  message: 'spec.os is "dos"',
  hint: 'Write debian.',
};

describe('problems', () => {
  it('are one line with the place, and the other place if there is one', () => {
    expect(problemText(problem)).toBe('dev.yaml:14:5: spec.os is "dos"');
    const related = { file: 'a.yaml', line: 1, column: 2 };
    expect(problemText({ ...problem, related })).toBe('dev.yaml:14:5: spec.os is "dos" (the other: a.yaml:1:2)');
    expect(problemText({ ...problem, line: 0, column: 0 })).toBe('dev.yaml: spec.os is "dos"');
  });

  it('are together one error that no retry helps, and that does not grow without bound', () => {
    const error = problemsError(Array.from({ length: 1000 }, () => problem));
    expect(error).toMatchObject({
      code: 'ManifestInvalid',
      hint: 'Write debian.',
      disposition: 'stalled',
      at: { line: 14 },
    });
    expect(error.message.split('\n').slice(-2)).toEqual(['dev.yaml:14:5: spec.os is "dos"', 'and 980 more']);
  });

  it('that ask for different things say so each', () => {
    const error = problemsError([problem, { ...problem, line: 20, hint: 'Write ubuntu.' }]);
    expect(error.message.split('\n')).toEqual([
      'dev.yaml:14:5: spec.os is "dos"',
      '  Write debian.',
      'dev.yaml:20:5: spec.os is "dos"',
      '  Write ubuntu.',
    ]);
    expect(error.hint).not.toContain('debian');
  });
});
