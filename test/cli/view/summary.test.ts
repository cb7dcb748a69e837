import { describe, expect, it } from 'vitest';
import { conclude } from '../../../src/cli/apply.ts';
import { createStyle } from '../../../src/cli/view/style.ts';
import { summaryText } from '../../../src/cli/view/summary.ts';
import type { PassReport } from '../../../src/model/report.ts';

const report = (plan: unknown) => ({ plan, verdict: 'working' }) as PassReport;
const text = (plan: unknown) => summaryText(report(plan), createStyle(false));

describe('what is not done when time is up', () => {
  it('is told: what is waited for, and what would be done next', () => {
    const revision = 'r1';
    const waits = [{ condition: 'the image is in the store', detail: '', needs: [] }];
    const steps = [
      { title: 'create a', needs: [] },
      { title: 'start a', needs: ['machine/a/create'] },
    ];
    expect(text({ revision, blocks: [], waits, steps })).toBe(
      'working: not done yet (revision r1).\n  waits: the image is in the store\n  next: create a\n',
    );
  });

  it('says so where nothing is planned yet', () => {
    expect(text(null)).toBe('working: not done yet.\n  nothing is planned yet: the source has not been read\n');
  });

  it('is an error where not even one look came to its end', () => {
    const invocation = { context: { signal: new AbortController().signal } } as never;
    expect(() => conclude(invocation, null, '1s')).toThrow(expect.objectContaining({ code: 'WaitTimeout' }));
  });
});
