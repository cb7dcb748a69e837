import { describe, expect, it } from 'vitest';
import type { Block } from '../../src/model/plan.ts';
import { createDecisions } from '../../src/reconcile/decide.ts';
import type { Look } from '../../src/reconcile/reconcile.ts';

const object = { kind: 'Cluster', name: 'dev' } as const;
const block = (guard: Block['guard'], machine = 'dev-cp-1') =>
  ({ guard, object, target: { kind: 'Machine', name: machine } }) as unknown as Block;

function decisions(blocks: readonly Block[], powerState = 'On', observed: object = {}) {
  const kept: unknown[] = [];
  const note =
    (kind: string) =>
    async (...args: unknown[]) =>
      void kept.push([kind, ...args]);
  const world = {
    desired: { clusters: [{ name: 'dev', powerState }], machines: [] },
    plan: { revision: 'r1', blocks },
    observed,
  };
  const made = createDecisions({
    clock: { now: () => 7 },
    records: {
      suspensions: async () => ({}),
      suspend: note('suspend'),
      resume: note('resume'),
      confirm: note('confirm'),
      retry: note('retry'),
      requestBackup: note('backup'),
      restore: note('restore'),
      endRestoration: note('endRestoration'),
      adopt: note('adopt'),
      endAdoption: note('endAdoption'),
      checkBackup: async () => undefined,
    },
    look: async () => ({ source: { problem: null }, world }) as unknown as Look,
  });
  return { ...made, kept };
}

describe('a retry', () => {
  it.each(['dev', 'Cluster/dev', 'dev-cp-1', 'Node/dev-cp-1', 'machine/dev-cp-1'])(
    'of %s is of the object that the block belongs to, at the revision that is enforced',
    async (text) => {
      const { retry, kept } = decisions([block('Quarantined')]);
      expect(await retry(text)).toEqual({ what: 'Cluster/dev', revision: 'r1' });
      expect(kept).toEqual([['retry', 'Cluster/dev', 'r1', 7]]);
    },
  );

  it('is refused where nothing waits for one', async () => {
    await expect(decisions([block('WindowOpen')]).retry('dev')).rejects.toMatchObject({ code: 'NotFound' });
    await expect(decisions([block('Quarantined')]).retry('other')).rejects.toMatchObject({
      code: 'NotFound',
      message: 'nothing waits for a retry of other',
      hint: 'What waits for one: Cluster/dev.',
    });
  });
});

describe('a suspension', () => {
  it('is of a name that is known, before anybody is asked why', async () => {
    const { suspend, kept } = decisions([]);
    await expect(suspend('prod', '')).rejects.toMatchObject({ code: 'NotFound' });
    await expect(suspend('dev', ' ')).rejects.toMatchObject({
      code: 'Usage',
      hint: 'kreconcile suspend Cluster/dev --reason "…"',
    });
    await suspend('dev', 'a disk is replaced');
    expect(kept).toEqual([['suspend', 'Cluster/dev', 'a disk is replaced', 7]]);
  });
});

describe('a confirmation', () => {
  it('says what it allows', async () => {
    expect(await decisions([block('RecreateConfirm')]).confirm('dev')).toMatchObject({ allows: 'recreate' });
    expect(await decisions([block('PruneConfirm')]).confirm('dev')).toMatchObject({ allows: 'delete' });
    await expect(decisions([block('Quarantined')]).confirm('dev')).rejects.toMatchObject({ code: 'NotFound' });
  });

  it('allows one thing at a time, and keeps which', async () => {
    const { confirm, kept } = decisions([block('ClusterLost'), block('PruneConfirm', 'dev-general-1')]);
    expect(await confirm('dev')).toMatchObject({ allows: 'delete' });
    expect(kept).toEqual([['confirm', { object: 'Cluster/dev', revision: 'r1', allows: 'delete' }]]);
  });
});

describe('a restoration that was not meant', () => {
  const backup = { cluster: 'dev', machine: 'dev-cp-1', backup: 'backup-1', atMs: 5_000, replace: true };
  const disk = (machine: string, atMs: number) => ({ name: `kept-${atMs}`, machine, atMs });
  const mark = { generation: 1, provenAtMs: 1 };
  const there = { domains: [{ name: 'dev-cp-1', mark }], folders: [{ machine: 'dev-cp-1', generations: [1] }] };
  const gone = { domains: [], folders: [] };
  const at = (inventory: object, records: object = { restorations: [backup] }) =>
    decisions([], 'On', { inventory: { known: true, value: inventory }, records });

  it.each([
    ['the machine is there as it was', there],
    ['the machine was lost before', { ...gone, retained: [disk('dev-cp-1', 1_000), disk('dev-cp-2', 6_000)] }],
  ])('is struck off while %s', async (_, inventory) => {
    const { cancelRestore, kept } = at(inventory);
    expect(await cancelRestore('dev')).toEqual({ object: 'Cluster/dev', from: 'backup-1' });
    expect(kept).toEqual([
      ['endRestoration', 'dev'],
      ['endAdoption', 'Cluster/dev'],
    ]);
  });

  it.each([
    ['was made for it', { ...there, domains: [{ name: 'dev-cp-1', mark: { ...mark, restored: { atMs: 5_000 } } }] }],
    ['root disk of dev-cp-1 was removed', { ...there, folders: [{ machine: 'dev-cp-1', generations: [] }] }],
    ['kept as kept-6000', { ...gone, retained: [disk('dev-cp-1', 6_000)] }],
    ['were prepared for it', { ...gone, folders: [{ machine: 'dev-cp-1', generations: [], unmade: {} }] }],
    ['does not describe', { ...gone, domains: [{ name: 'dev-cp-1', mark: 'unreadable', unread: 'no answer' }] }],
  ])('is told to have begun when a machine "%s"', async (told, inventory) => {
    const { cancelRestore, kept } = at(inventory);
    await expect(cancelRestore('dev')).rejects.toMatchObject({
      code: 'RestoreRefused',
      message: expect.stringContaining(told),
    });
    expect(kept).toEqual([]);
  });

  it('may be the wish for a retained state disk, which is not there any more once it was taken', async () => {
    const adoption = { object: 'Machine/box', machine: 'box', retained: 'kept-1', atMs: 5_000, replace: false };
    const records = { adoptions: [adoption] };
    const waiting = at({ ...gone, retained: [{ ...disk('box', 1), name: 'kept-1' }] }, records);
    expect(await waiting.cancelRestore('box')).toEqual({ object: 'Machine/box', from: 'kept-1' });
    expect(waiting.kept).toEqual([['endAdoption', 'Machine/box']]);
    await expect(at(gone, records).cancelRestore('box')).rejects.toMatchObject({ code: 'RestoreRefused' });
  });

  it('is not found where nobody asked for one', async () => {
    await expect(at(gone, {}).cancelRestore('dev')).rejects.toMatchObject({ code: 'NotFound' });
  });
});

describe('a wish for a backup', () => {
  it('is noted with its time', async () => {
    const { backup, kept } = decisions([]);
    expect(await backup('cluster/dev')).toEqual({ cluster: 'dev', atMs: 7 });
    expect(kept).toEqual([['backup', 'dev', 7]]);
  });

  it('is refused of a cluster that is unknown or off', async () => {
    await expect(decisions([]).backup('prod')).rejects.toMatchObject({ code: 'NotFound' });
    await expect(decisions([], 'Off').backup('dev')).rejects.toMatchObject({ code: 'Blocked' });
  });
});
