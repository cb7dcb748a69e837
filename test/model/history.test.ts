import { expect, it } from 'vitest';
import { type HistoryLine, typicalDurations } from '../../src/model/history.ts';

const wait = (what: string, tookMs: number, overdue = false): HistoryLine => {
  return { kind: 'wait', atMs: 1, object: 'Cluster/dev', revision: 'r', wait: 'w', what, tookMs, overdue };
};

it('what is typical is the median of what ended well lately', () => {
  const old = Array.from({ length: 20 }, () => wait('boot', 99_000));
  const late = [5, 1, 3, 2, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15].map((seconds) => wait('boot', seconds * 1000));
  const lines = [...old, ...late, wait('boot', 600_000, true), wait('drain', 10), wait('drain', 20)];
  expect(typicalDurations(lines)).toEqual({
    boot: { medianMs: 8_000, samples: 15 },
    drain: { medianMs: 15, samples: 2 },
  });
});
