import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { agentSchema } from '../src/manifest/agent-schema.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs')).map((name) => join('docs', name)),
].filter((path) => path.endsWith('.md'));

/** The anchors of a document's headings, as GitHub and GitLab make them. */
function anchorsOf(path: string): ReadonlySet<string> {
  const headings = [...read(path).matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? '');
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

it.each(documents)('%s links to headings that exist', (document) => {
  const links = [...read(document).matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)#([^)\s]+)\)/g)];
  const broken = links.filter(([, path = '', anchor = '']) => {
    const target = path === '' ? document : normalize(join(dirname(document), path));
    return !anchorsOf(target).has(anchor);
  });
  expect(broken.map(([link]) => link)).toEqual([]);
});

it('docs/operations.md explains every guard', () => {
  const names = /export type GuardName =([^;]+);/.exec(read('src/model/plan.ts'))?.[1] ?? '';
  const guards = [...names.matchAll(/'(\w+)'/g)].map((match) => match[1] ?? '');
  expect(guards.length).toBeGreaterThan(0);
  const text = read('docs/operations.md');
  expect(guards.filter((guard) => !text.includes(`\`${guard}\``))).toEqual([]);
});

it('docs/operations.md lists every field of agent.yaml', () => {
  const fields = leavesOf(z.toJSONSchema(agentSchema, { io: 'input', unrepresentable: 'any' }));
  expect(fields).toContain('source.credentials.tokenFile');
  const text = read('docs/operations.md');
  expect(fields.filter((field) => !text.includes(`\n| \`${field}\` |`))).toEqual([]);
});

function leavesOf(schema: z.core.JSONSchema.BaseSchema, path = ''): readonly string[] {
  if (!schema.properties) return [path];
  return Object.entries(schema.properties).flatMap(([name, child]) =>
    leavesOf(typeof child === 'boolean' ? {} : child, path === '' ? name : `${path}.${name}`),
  );
}

it('README.md fits a few screens', () => {
  expect(read('README.md').split('\n').length).toBeLessThan(150);
});
