import { expect, it } from 'vitest';
import { ago, shortRevision } from '../../../src/cli/view/time.ts';

it('tells how long ago', () => {
  expect([ago(null, 0), ago(1000, 1500), ago(1000, 31_000)]).toEqual(['never', 'just now', '30 s ago']);
});

it('shortens commits and nothing else', () => {
  expect([shortRevision('0123456789abcdef0123456789abcdef01234567'), shortRevision('folder:0123456789ab')]).toEqual([
    '01234567',
    'folder:0123456789ab',
  ]);
});
