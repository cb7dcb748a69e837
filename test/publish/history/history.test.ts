import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Desired } from '../../../src/model/desired.ts';
import { EMPTY_LEDGER } from '../../../src/model/ledger.ts';
import type { Block, Outcome, Plan, Step, Wait } from '../../../src/model/plan.ts';
import { createHistory, type History } from '../../../src/publish/history/history.ts';
import { systemFiles } from '../../../src/sys/files.ts';
import { silentLog, temporaryFolder } from '../../source/repository.ts';

const object = { kind: 'Cluster', name: 'dev' } as const;
const target = { kind: 'Machine', name: 'dev-cp-1' } as const;
const desired = { machines: [{ name: 'dev-cp-1', object }], clusters: [] } as unknown as Desired;

const upgrade = {
  id: 'machine/dev-cp-1/upgrade',
  target,
  object,
  title: 'upgrade dev-cp-1',
  reason: 'v2 is wanted',
  changes: [{ path: '/kubernetes/version', from: 'v1', to: 'v2' }],
  action: { kind: 'guest-operation' },
} as unknown as Step;
const waiting = (id: string, overdue = false) => ({ id, target, object, overdue }) as unknown as Wait;
const block = (guard: Block['guard']) => ({ guard, target, object, reason: `${guard} says no` }) as unknown as Block;

function plan(atMs: number, parts: Partial<Plan> = {}): Plan {
  return {
    revision: 'r1',
    atMs,
    steps: [],
    waits: [],
    blocks: [],
    notes: [],
    health: {},
    lookAgainAtMs: null,
    ...parts,
  };
}
const since = (times: Readonly<Record<string, number>>) => ({ ...EMPTY_LEDGER, revision: 'r1', since: times });
const done = (atMs: number): Outcome => ({ step: upgrade.id, state: 'done', atMs, tookMs: 5 });
const failed = (atMs: number): Outcome => {
  const error = { code: 'GuestUnavailable', message: 'silent', hint: 'look' };
  return { step: upgrade.id, state: 'failed', atMs, ...error };
};

let folder: ReturnType<typeof temporaryFolder>;
let history: History;
const path = () => join(folder.path, 'history.jsonl');
const open = () => createHistory(systemFiles, folder.path, silentLog);
const record = (made: Plan, outcomes: readonly Outcome[] = [], ledger = EMPTY_LEDGER) =>
  history.record({ ledger, world: { desired, plan: made }, outcomes });

afterEach(() => folder.remove());
beforeEach(() => {
  folder = temporaryFolder();
  history = open();
});

describe('the history of an object', () => {
  it('says nothing of a look into a guest that no change comes of, and tells it where it is part of one', async () => {
    const survey = {
      ...upgrade,
      id: 'machine/dev-cp-1/survey',
      changes: [],
      action: { kind: 'guest-operation', verb: 'survey' },
    };
    const looked: Outcome = { step: survey.id, state: 'done', atMs: 10, tookMs: 5 };
    await record(plan(5, { steps: [survey as unknown as Step], blocks: [block('LocalData')] }), [looked]);
    await record(plan(20, { blocks: [block('LocalData')] }), [], since({ 'machine/dev-cp-1/survey/done': 10 }));
    expect(await history.entries('dev')).toEqual([]);
    await record(plan(30, { steps: [upgrade], waits: [waiting('x')] }), [done(35)]);
    await record(plan(40, { steps: [survey as unknown as Step] }), [{ ...looked, atMs: 45 }]);
    const [entry] = await history.entries('dev');
    expect(entry?.steps.map(({ step }) => step)).toEqual([upgrade.id, survey.id]);
  });

  it('tells what changed, why, from which revision, how it ended and how long it took', async () => {
    await record(plan(100, { steps: [upgrade], waits: [waiting('machine/dev-cp-1/upgrade/done')] }), [done(105)]);
    expect(await history.entries('dev')).toMatchObject([{ outcome: 'under-way', endedAtMs: null }]);
    await record(plan(60_100), [], since({ 'machine/dev-cp-1/upgrade/done': 110 }));
    expect(await history.entries('Cluster/dev')).toMatchObject([
      {
        object: 'Cluster/dev',
        revisions: ['r1'],
        beganAtMs: 100,
        endedAtMs: 60_100,
        outcome: 'done',
        changes: upgrade.changes,
        steps: [{ title: 'upgrade dev-cp-1', reason: 'v2 is wanted', error: null }],
        waits: [{ what: 'upgrade', tookMs: 59_990 }],
      },
    ]);
    expect(await history.entries('other')).toEqual([]);
  });

  it('tells of a change that an agent began and another one ended', async () => {
    await record(plan(100, { steps: [upgrade], waits: [waiting('w')] }), [done(105)]);
    history = open();
    await record(plan(900), [], since({ 'machine/dev-cp-1/healthy': 200 }));
    expect(await history.entries()).toMatchObject([
      { outcome: 'done', endedAtMs: 900, waits: [{ what: 'ready', tookMs: 700 }] },
    ]);
  });

  it('says when it was rolled back, and when a guard holds it', async () => {
    await record(plan(100, { steps: [upgrade] }), [done(105)]);
    await record(plan(200, { blocks: [block('Quarantined')] }));
    await record(plan(300, { steps: [upgrade] }), [done(305)]);
    await record(plan(400, { blocks: [block('BackupFresh')] }));
    expect((await history.entries()).map(({ outcome, detail }) => [outcome, detail])).toEqual([
      ['rolled-back', 'Quarantined: Quarantined says no'],
      ['blocked', 'BackupFresh: BackupFresh says no'],
    ]);
  });

  it('shows the revisions of a change that a newer commit caught under way', async () => {
    await record(plan(100, { steps: [upgrade] }), [done(105)]);
    await record(plan(200, { steps: [upgrade], revision: 'r2' }), [done(205)]);
    expect((await history.entries())[0]?.revisions).toEqual(['r1', 'r2']);
  });

  it('tells a failure once, however often it is repeated', async () => {
    for (const atMs of [100, 200, 300]) await record(plan(atMs, { steps: [upgrade] }), [failed(atMs)]);
    expect((await history.entries())[0]?.steps).toMatchObject([{ error: 'silent (GuestUnavailable)' }]);
  });

  it('puts what a simulation said beside what it took', async () => {
    await history.predict([{ atMs: 1, object: 'Cluster/dev', revision: 'r1', predictedMs: 42_000 }]);
    await record(plan(100, { steps: [upgrade] }), [done(105)]);
    expect((await history.entries())[0]?.predictedMs).toBe(42_000);
  });

  it('puts it beside the end of a change that was held back before, and counts from its beginning', async () => {
    await history.predict([{ atMs: 1, object: 'Cluster/dev', revision: 'r1', predictedMs: 42_000 }]);
    for (const [atMs, parts] of [
      [200, { blocks: [block('WindowOpen')] }],
      [90_200, {}],
      [190_200, {}],
    ] as const) {
      await record(plan(atMs - 100, { steps: [upgrade] }), [done(atMs - 95)]);
      await record(plan(atMs, parts));
    }
    expect(
      (await history.entries()).map(({ outcome, predictedMs, predictedFromMs }) => [
        outcome,
        predictedMs,
        predictedFromMs,
      ]),
    ).toEqual([
      ['blocked', null, undefined],
      ['done', 42_000, 100],
      ['done', null, undefined],
    ]);
  });

  it('writes nothing while nothing happens, and knows nothing of a host that was not seen', async () => {
    await record(plan(100, { blocks: [block('BackupFresh')] }));
    await record(plan(100, { blocks: [block('HypervisorUnreachable')] }), [], since({ 'machine/x/guest': 1 }));
    expect(() => statSync(path())).toThrow('ENOENT');
  });
});

describe('the history file', () => {
  it('survives half a line and lines of a release that it does not know', async () => {
    await record(plan(100, { steps: [upgrade] }), [done(105)]);
    appendFileSync(path(), '{"kind":"dance","atMs":5}\n{"kind":"step","atMs":12');
    history = open();
    await record(plan(200, { steps: [upgrade] }), [failed(205)]);
    expect((await history.entries())[0]?.steps.map((step) => step.error)).toEqual([null, 'silent (GuestUnavailable)']);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  it('is bounded: a full one becomes the earlier one', async () => {
    writeFileSync(path(), `${'x'.repeat(1024 * 1024)}\n`);
    await record(plan(100, { steps: [upgrade] }), [done(105)]);
    expect(readFileSync(path(), 'utf8').length).toBeLessThan(2000);
    expect(readFileSync(join(folder.path, 'history.1.jsonl'), 'utf8').length).toBeGreaterThan(1024 * 1024);
    expect(await history.entries()).toHaveLength(1);
  });
});
