import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { GUARDS } from '../src/model/guard.ts';

const text = readFileSync(fileURLToPath(new URL('../docs/operations.md', import.meta.url)), 'utf8');
const section = text.slice(text.indexOf('## Guards and ways out'), text.indexOf('### Skipping a guard'));
const rows = [...section.matchAll(/^\| `(\w+)` \|(.*)\|(.*)\| (annotation|confirm|never) \|$/gm)];

it('docs/operations.md has a row for every guard, with what it protects from, what lifts it and whether it may be skipped', () => {
  expect(Object.fromEntries(rows.map(([, guard, , , skip]) => [guard, skip]))).toEqual(GUARDS);
  expect(rows.map(([, guard]) => guard)).toEqual(Object.keys(GUARDS).sort());
  for (const [, , protects, lifts] of rows) expect([protects?.trim(), lifts?.trim()]).not.toContain('');
});
