import { expect, it } from 'vitest';
import { createRhythm } from '../../src/agent/rhythm.ts';
import { passResult } from './fake-pass.ts';

it('looks again at once after a pass that did something', () => {
  expect(createRhythm().after(passResult(['a']), 0)).toBe(0);
});

it('looks again when the plan says, and after a minute at the latest', () => {
  const rhythm = createRhythm();
  expect(rhythm.after(passResult([], 5000), 2000)).toBe(3000);
  expect(rhythm.after(passResult([], 1000), 2000)).toBe(0);
  expect(rhythm.after(passResult([], 900_000), 0)).toBe(60_000);
  expect(rhythm.after(passResult(), 0)).toBe(60_000);
});

it('slows down when the same acts succeed again and again without an effect', () => {
  const rhythm = createRhythm();
  const rests = Array.from({ length: 12 }, () => rhythm.after(passResult(['a']), 0));
  expect(rests.slice(0, 6)).toEqual([0, 0, 0, 250, 500, 1000]);
  expect(rests.at(-1)).toBe(15_000);
  expect(rhythm.after(passResult(['b']), 0)).toBe(0);
});

it('waits ever longer after errors, and starts anew after a pass that ended', () => {
  const rhythm = createRhythm();
  expect([rhythm.afterError(), rhythm.afterError(), rhythm.afterError()]).toEqual([750, 1500, 3000]);
  for (let count = 0; count < 30; count += 1) rhythm.afterError();
  expect(rhythm.afterError()).toBe(60_000);
  rhythm.after(passResult(), 0);
  expect(rhythm.afterError()).toBe(750);
});
