import { expect, it } from 'vitest';
import { ago, duration, shortRevision } from '../../../src/cli/view/time.ts';

it.each([
  [-5, '0 s'],
  [400, '0.4 s'],
  [12_999, '12 s'],
  [60_000, '1 min'],
  [185_000, '3 min 5 s'],
  [7_500_000, '2 h 5 min'],
  [273_600_000, '3 d 4 h'],
])('%i ms are %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

it('tells how long ago', () => {
  expect([ago(null, 0), ago(1000, 1500), ago(1000, 31_000)]).toEqual(['never', 'just now', '30 s ago']);
});

it('shortens commits and nothing else', () => {
  expect([shortRevision('0123456789abcdef0123456789abcdef01234567'), shortRevision('folder:0123456789ab')]).toEqual([
    '01234567',
    'folder:0123456789ab',
  ]);
});
