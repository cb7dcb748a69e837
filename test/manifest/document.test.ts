import { describe, expect, it } from 'vitest';
import { image, loadFiles, onlyProblem, problemsOf } from './documents.ts';

describe('bad YAML', () => {
  it.each([
    ['a tab as indentation', 'kind: Image\nspec:\n\tos: debian\n', 'ManifestSyntax', 3, /spaces/],
    ['a quote that never ends', 'kind: "Image\n', 'ManifestSyntax', 2, /quotes/],
    ['an alias without anchor', 'kind: *nothing\n', 'ManifestSyntax', 1, /quotes/],
    ['an alias inside its own anchor', 'spec: &a\n  inner: *a\n', 'ManifestSyntax', 2, /Write the value out/],
    ['a tag of another program', 'kind: !secret x\n', 'ManifestSyntax', 1, /Remove the tag/],
    ['binary data in a tag', 'kind: !!binary aGk=\n', 'ManifestSyntax', 1, /Remove the tag/],
    ['the YAML in which no is false', '%YAML 1.1\n---\nkind: no\n', 'ManifestSyntax', 2, /%YAML/],
    ['a map as key', '{a: b}: c\n', 'ManifestSyntax', 1, /plain text/],
    ['the prototype as key', 'metadata:\n  __proto__: {x: 1}\n', 'ManifestInvalid', 2, /Remove it/],
    ['brackets without end', '['.repeat(200_000), 'ManifestLimit', 1, /brackets/],
    ['lists without end', '- '.repeat(100_000), 'ManifestLimit', 1, /brackets/],
  ] as const)('%s', (_, text, code, line, hint) => {
    const [problem] = problemsOf(loadFiles({ 'a.yaml': text }));
    expect(problem).toMatchObject({ code, file: 'a.yaml', line });
    expect(problem?.hint).toMatch(hint);
  });

  it('names both places of a key that stands twice', () => {
    const problem = onlyProblem(loadFiles({ 'a.yaml': image.replace('  os: debian', '  os: debian\n  os: ubuntu') }));
    expect(problem).toMatchObject({ code: 'ManifestSyntax', line: 6, related: { line: 5 } });
    expect(problem.message).toContain('"os"');
  });

  it('does not read on in the document, but in the others of the file', () => {
    const result = loadFiles({ 'a.yaml': `kind: [\n---\n${image}---\nkind: Imgae\n` });
    expect(problemsOf(result).at(-1)).toMatchObject({ path: 'kind', hint: 'Did you mean "Image"?' });
  });
});

describe('limits', () => {
  it('refuse aliases that multiply', () => {
    const levels = Array.from({ length: 20 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]\n`);
    const problem = onlyProblem(loadFiles({ 'bomb.yaml': `a0: &a0 [x]\n${levels.join('')}` }));
    expect(problem).toMatchObject({ code: 'ManifestLimit', file: 'bomb.yaml', line: 2 });
  });

  it('refuse thousands of aliases', () => {
    const pairs = Array.from({ length: 2000 }, (_, i) => `k${i}: &a${i} 1\nl${i}: *a${i}\n`);
    expect(onlyProblem(loadFiles({ 'a.yaml': pairs.join('') })).code).toBe('ManifestLimit');
  });

  it('refuse a file over 1 MiB as a whole', () => {
    const problem = onlyProblem(loadFiles({ 'a.yaml': `# ${'x'.repeat(2 ** 20)}` }));
    expect(problem).toMatchObject({ code: 'ManifestLimit', line: 0, column: 0 });
  });

  it('refuse more than 500 documents at the first that is too much', () => {
    expect(onlyProblem(loadFiles({ 'a.yaml': '---\n'.repeat(600) }))).toMatchObject({
      code: 'ManifestLimit',
      line: 501,
    });
  });

  it('show at most five problems of one unreadable document', () => {
    expect(problemsOf(loadFiles({ 'a.yaml': '"a" "b"\n'.repeat(100) })).length).toBeLessThanOrEqual(5);
  });
});

describe('text that is none', () => {
  it.each([
    ['bytes that are no UTF-8', new Uint8Array([0xff, 0xfe, 0x00, 0x80]), 1, 1],
    ['a program', new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2]), 1, 5],
    ['a letter in Latin-1', Buffer.from('kind: Image\n# f\xfcr uns\n', 'latin1'), 2, 4],
    ['what a lenient reader made of bytes', 'kind: \uFFFD\n', 1, 7],
  ] as const)('%s, at its first place', (_, content, line, column) => {
    const problem = onlyProblem(loadFiles({ 'a.yaml': content }));
    expect(problem).toMatchObject({ code: 'ManifestSyntax', line, column });
  });

  it('a byte order mark and Windows line ends are text', () => {
    expect(loadFiles({ 'a.yaml': `\uFEFF${image.replaceAll('\n', '\r\n')}` }).ok).toBe(true);
  });
});
