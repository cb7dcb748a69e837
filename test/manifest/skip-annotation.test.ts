import { describe, expect, it } from 'vitest';
import { image, load, machine, machineClass, onlyProblem } from './documents.ts';

const annotated = (text: string) =>
  load(
    image,
    machineClass,
    machine('box').replace(
      /(metadata:[^\n]*\n?)/,
      `metadata: {name: box, annotations: {kreconcile.dev/skip-guard: ${JSON.stringify(text)}}}\n`,
    ),
  );

describe('the annotation that skips guards', () => {
  it.each(['WindowOpen=0123456789ab', 'WindowOpen=0123456789ab, BackupFresh=ba9876543210'])('may be %s', (text) => {
    expect(annotated(text).ok).toBe(true);
  });

  it.each([
    'WindowOpen',
    'WindowOpen=0123',
    'Conflict=0123456789ab',
    'NoDowngrade=0123456789ab',
    'windows=0123456789ab',
    '',
  ])('is refused as %j, with what may stand there', (text) => {
    const problem = onlyProblem(annotated(text));
    expect(problem.path).toContain('skip-guard');
    expect(problem.allowed).toMatch(/WindowOpen/);
    expect(problem.allowed).not.toMatch(/Conflict|NoDowngrade/);
    expect(problem.hint).toContain('kreconcile plan');
  });
});
