import { expect, it } from 'vitest';
import { historyText } from '../../../src/cli/view/history.ts';
import { createStyle } from '../../../src/cli/view/style.ts';
import type { HistoryEntry } from '../../../src/model/history.ts';

it('tells digests apart by their beginning, as plan does', () => {
  const [from, to] = ['a', 'b'].map((letter) => `sha256:${letter.repeat(64)}`);
  const entry = {
    object: 'Machine/box',
    revisions: ['r2'],
    beganAtMs: 0,
    endedAtMs: 1_000,
    outcome: 'done',
    detail: '',
    predictedMs: null,
    changes: [{ path: '/image/digest', from, to }],
    steps: [],
    waits: [],
  } as HistoryEntry;
  expect(historyText([entry], undefined, 1_000, createStyle(false))).toContain(
    '/image/digest: sha256:aaaaaaaaaaaa… → sha256:bbbbbbbbbbbb…\n',
  );
});
