import { expect, it } from 'vitest';
import { durationText, minuteText } from '../../src/model/time-text.ts';

it.each([
  [-5, '0 s'],
  [400, '0.4 s'],
  [12_999, '12 s'],
  [60_000, '1 min'],
  [185_000, '3 min 5 s'],
  [7_500_000, '2 h 5 min'],
  [273_600_000, '3 d 4 h'],
])('%i ms are %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

it('tells minutes in UTC', () => {
  expect(minuteText(Date.UTC(2026, 10, 21, 8, 38, 59))).toBe('2026-11-21T08:38Z');
});
