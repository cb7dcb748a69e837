import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ERROR_CODES } from '../src/model/error-codes.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** The documents of the repository, paths from its root. */
const documents = ['.', 'docs'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);

it('docs/errors.md explains exactly the codes that exist', () => {
  const headings = [...read('docs/errors.md').matchAll(/^### (\S+)$/gm)].map((match) => match[1]);
  expect(headings.sort()).toEqual(Object.keys(ERROR_CODES).sort());
});

it('docs/errors.md says something under each code', () => {
  const sections = read('docs/errors.md').split(/^### /m).slice(1);
  const empty = sections.filter((section) => section.split('\n').slice(1).join('').trim() === '');
  expect(empty).toEqual([]);
});

it.each(documents)('%s links to files that exist', (document) => {
  const links = [...read(document).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)].map((match) => match[1] ?? '');
  const broken = links.filter((link) => !existsSync(join(root, dirname(document), link)));
  expect(broken).toEqual([]);
});
