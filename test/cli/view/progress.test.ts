import { expect, it } from 'vitest';
import { createProgress } from '../../../src/cli/view/progress.ts';
import { createStyle } from '../../../src/cli/view/style.ts';
import type { Wait } from '../../../src/model/plan.ts';
import type { PassReport, PlanDocument } from '../../../src/model/report.ts';

const START = 1_000_000;
const target = { kind: 'Machine', name: 'tool' } as const;

function wait(id: string, more: Partial<Wait> = {}): Wait {
  return {
    id,
    target,
    object: null,
    condition: `${id} is so`,
    sinceMs: START,
    timeoutMs: 600_000,
    untilMs: START + 600_000,
    overdue: false,
    detail: '',
    needs: [],
    pollMs: 1000,
    guest: null,
    ...more,
  };
}

function report(afterMs: number, plan: Partial<PlanDocument>, more: Partial<PassReport> = {}): PassReport {
  return {
    pass: 1,
    endedAtMs: START + afterMs,
    tookMs: 1,
    verdict: 'working',
    outcomes: [],
    source: { url: 'x', lastGoodRevision: 'r1', lastAttemptedRevision: 'r1', problem: null, checkedAtMs: START },
    plan: {
      schema: 1,
      revision: 'r1',
      atMs: START,
      steps: [],
      waits: [],
      blocks: [],
      notes: [],
      changes: [],
      drift: [],
      readings: {},
      ...plan,
    },
    ...more,
  };
}

it('tells a wait when it begins and when it has come true, each once', () => {
  const progress = createProgress(createStyle(false), START);
  const lines = [
    report(1000, { waits: [wait('guest'), wait('later', { needs: ['guest'] })] }),
    report(5000, { waits: [wait('guest')] }),
    report(65_000, {}),
  ].flatMap((entry) => progress.add(entry).lines);
  expect(lines).toEqual([
    ' 0:01  commit   revision r1 is enforced',
    ' 0:01  waits    guest is so, at most 10 min',
    ' 1:05  is so    guest is so (1 min 5 s)',
  ]);
});

it('does not say of an upgrade that failed that it has come true', () => {
  const progress = createProgress(createStyle(false), START);
  const lines = [
    report(1000, { waits: [wait('machine/cp-1/upgrade/done')] }),
    report(61_000, { waits: [wait('machine/cp-1/upgrade/pause')] }),
    report(71_000, { waits: [wait('machine/cp-1/upgrade/done')] }),
    report(91_000, { waits: [wait('machine/cp-1/taken-back')] }),
  ].flatMap((entry) => progress.add(entry).lines);
  const said = lines.filter((line) => line.includes('upgrade/done is so')).map((line) => line.slice(7, 15).trim());
  expect(said).toEqual(['waits', 'not so', 'waits', 'not so']);
});

it('says of what takes its time that it was begun, not that it is done', () => {
  const progress = createProgress(createStyle(false), START);
  const ended = { state: 'done', tookMs: 1 } as const;
  const outcomes = ['machine/cp-1/drain', 'machine/cp-1/start'].map((step) => ({ step, ...ended })) as never;
  const needed = { needs: ['machine/cp-1/drain'] };
  const told = progress.add(report(1000, { waits: [wait('machine/cp-1/drain/done', needed)] }, { outcomes }));
  expect(told.lines.slice(1)).toEqual([' 0:01  begun    machine/cp-1/drain', ' 0:01  done     machine/cp-1/start']);
});

it('keeps in the moving part what is waited for, how long, and what is known of it', () => {
  const progress = createProgress(createStyle(false), START);
  const { frame } = progress.add(report(42_000, { waits: [wait('download', { detail: '37%' })] }));
  expect(frame).toEqual(['0 steps and 1 wait left, 42 s so far', '  … download is so 42 s 37%']);
});

it('says a block and a problem of the source once, with the way out', () => {
  const progress = createProgress(createStyle(false), START);
  const block = {
    id: 'b',
    target,
    object: null,
    guard: 'Conflict',
    reason: 'not ours',
    wayOut: 'Rename it.',
    changes: [],
  } as const;
  const problem = {
    code: 'ManifestInvalid',
    message: 'revision r2 is not valid',
    hint: '',
    details: ['a.yaml:7:3: no'],
  };
  const bad = report(2000, { blocks: [block] });
  const reports = [bad, { ...bad, source: { ...bad.source, problem } }, { ...bad, source: { ...bad.source, problem } }];
  const lines = reports.flatMap((entry) => progress.add(entry).lines).slice(1);
  expect(lines).toEqual([
    ' 0:02  blocked  tool: not ours (Conflict). Rename it.',
    ' 0:02  source   ManifestInvalid: revision r2 is not valid',
    ' 0:02           a.yaml:7:3: no',
  ]);
});

it('takes what could steer a terminal out of texts from elsewhere', () => {
  const progress = createProgress(createStyle(false), START);
  const { lines } = progress.add(report(0, { waits: [wait('x', { condition: 'bad \u001b[2J\u0007name' })] }));
  expect([lines.join().includes('\u001b'), lines.join().includes('\u0007')]).toEqual([false, false]);
});
