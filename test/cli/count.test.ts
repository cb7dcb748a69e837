import { expect, it } from 'vitest';
import { countOf } from '../../src/cli/command.ts';

it('a limit is a number, and what is none is said instead of being taken for the default', () => {
  expect([countOf('1'), countOf('10000')]).toEqual([1, 10_000]);
  for (const text of ['0', '-3', 'ten', '5 ', '10001', ''])
    expect(() => countOf(text)).toThrow(expect.objectContaining({ code: 'Usage' }));
});
