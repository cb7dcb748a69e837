import { describe, expect, it } from 'vitest';
import type { Backup, Observed, Records } from '../../../src/model/observed.ts';
import type { Plan } from '../../../src/model/plan.ts';
import { desire } from '../../../src/reconcile/desire.ts';
import { operationPrefix } from '../../../src/reconcile/plan/operation.ts';
import { meetsRequest } from '../../../src/reconcile/plan/schedule.ts';
import { cluster, options, recipes, setOf } from '../manifests.ts';
import { clusterWorld, type NodeChange, operation } from './guests.ts';
import { NOW, planAt, stepIds } from './world.ts';

const MINUTE = 60_000;
const OLD = 'v1.36.3+k3s1';
const NEW = 'v1.36.4+k3s1';
const HOUR = 60 * MINUTE;
const scheduled = (version = OLD, backup = {}) =>
  desire(
    setOf(version, cluster('dev', { version, workers: [], backup: { schedule: '0 2 * * *', ...backup } })),
    recipes,
    options,
  );
const dev = scheduled();

function backup(atMs: number, change: Partial<Backup> = {}): Backup {
  const id = `backup-00000000-${Math.floor(atMs / MINUTE)}`;
  const one = { id, cluster: 'dev', machine: 'dev-cp-1', atMs, version: OLD, sha256: '', sizeBytes: 1, verified: true };
  return { ...one, ...change };
}

/** A cluster at rest whose schedule was due an hour ago. */
function world(
  change: NodeChange = {},
  records: Partial<Records> = {},
  lastDueMs: number | null = NOW - HOUR,
): Observed {
  const found = clusterWorld(dev, { 'dev-cp-1': change }, records.backups ?? []);
  const calendar = { windows: {}, blockers: {}, backups: { dev: { lastDueMs, nextDueMs: NOW + HOUR } } };
  return { ...found, records: { ...found.records, ...records }, calendar };
}

const reasons = (made: Plan) => made.steps.map((step) => step.reason);
const both = ['machine/dev-cp-1/backup', 'machine/dev-cp-1/fetch-backup'];

describe('a backup by the clock', () => {
  it('is taken when it is due, copied to the host, and disturbs nobody', () => {
    const made = planAt(dev, world());
    expect(stepIds(made)).toEqual(both);
    expect(reasons(made)[0]).toBe('its schedule asks for one (0 2 * * *)');
    expect(made.steps.some((step) => step.disruptive || step.destructive)).toBe(false);
    expect(made.steps[1]?.action).toMatchObject({ kind: 'fetch-backup', why: 'schedule', version: OLD });
  });

  it.each([
    ['after it was due', backup(NOW - 30 * MINUTE)],
    ['in the minute in which it was due', backup(Math.floor((NOW - HOUR) / MINUTE) * MINUTE)],
    ['before an upgrade, also one of an older release', backup(NOW - 5 * MINUTE)],
  ])('is not taken where one was taken %s', (_, found) => {
    expect(stepIds(planAt(dev, world({}, { backups: [found] })))).toEqual([]);
  });

  it.each([
    ['before', backup(NOW - 2 * HOUR)],
    ['and not verified', backup(NOW, { verified: false })],
    ['of another cluster', backup(NOW, { cluster: 'other' })],
    ['of an earlier cluster of the same name', backup(NOW, { clusterUid: 'gone' })],
  ])('is taken although there is one that was taken %s', (_, found) => {
    const change = { kubernetes: { clusterUid: 'here' } };
    expect(stepIds(planAt(dev, world(change, { backups: [found] })))).toEqual(both);
  });

  it('is copied to the host when the guest has made it, also for an agent that remembers nothing', () => {
    const id = `${operationPrefix('backup', 'dev-cp-1/schedule')}${Math.floor(NOW / MINUTE) - 3}`;
    const made = planAt(dev, world({ operations: [operation(id, 'succeeded')] }));
    expect(made.steps.map((step) => step.action)).toEqual([
      expect.objectContaining({ kind: 'fetch-backup', operation: id }),
    ]);
    const copied = [backup(NOW - 3 * MINUTE, { id })];
    expect(stepIds(planAt(dev, world({ operations: [operation(id, 'succeeded')] }, { backups: copied })))).toEqual([]);
  });

  it('waits and says so while the control plane is not at rest', () => {
    const silent = planAt(dev, world({ kubernetes: { apiReady: false } }));
    expect(stepIds(silent)).toEqual([]);
    expect(silent.notes.map((note) => note.text).join()).toContain('a backup of dev is due');
    expect(stepIds(planAt(dev, world({ node: { unschedulable: true, cordonedByUs: true } })))).not.toContain(both[0]);
    const upgrading = operation(`${operationPrefix('upgrade', NEW)}1`, 'running');
    expect(stepIds(planAt(scheduled(NEW), world({ operations: [upgrading] })))).not.toContain(both[0]);
  });

  it('is met by the one that an upgrade takes anyway', () => {
    const made = planAt(scheduled(NEW), world({ kubernetes: { staged: [NEW] } }));
    expect(stepIds(made).filter((id) => id === both[0])).toHaveLength(1);
    expect(made.steps.find((step) => step.id === both[0])?.reason).toContain('no disruption begins');
  });

  it('is none without a schedule, nor before it was ever due', () => {
    const none = desire(setOf(OLD, cluster('dev', { version: OLD, workers: [] })), recipes, options);
    expect(stepIds(planAt(none, world()))).toEqual([]);
    expect(stepIds(planAt(dev, world({}, {}, null)))).toEqual([]);
  });
});

describe('a backup that somebody asked for', () => {
  const asked = { backupRequests: [{ cluster: 'dev', atMs: NOW - 20_000 }] };

  it('is taken at once, and serves the schedule as well', () => {
    const made = planAt(dev, world({}, asked));
    expect(stepIds(made)).toEqual(both);
    expect(reasons(made)[0]).toBe('somebody asked for a backup');
  });

  it('is not met by one that may be older than the wish', () => {
    const before = backup(Math.floor((NOW - 20_000) / MINUTE) * MINUTE);
    expect(stepIds(planAt(dev, world({}, { ...asked, backups: [before] })))).toEqual(both);
  });

  it('is met by the one that was taken for it, and by every later one', () => {
    const [request] = asked.backupRequests;
    if (!request) throw new Error('there is one');
    const id = `${operationPrefix('backup', `dev-cp-1/request/${request.atMs}`)}1`;
    expect(meetsRequest(backup(NOW - HOUR, { id }), request)).toBe(true);
    expect(meetsRequest(backup(NOW + MINUTE), request)).toBe(true);
    expect(stepIds(planAt(dev, world({}, { ...asked, backups: [backup(NOW - MINUTE, { id })] })))).toEqual([]);
  });
});

describe('a backup that takes longer than backup.maxAge', () => {
  const slow = backup(NOW - 10 * MINUTE, { arrivedAtMs: NOW - 2 * MINUTE });
  const slower = backup(NOW - 30 * MINUTE, { arrivedAtMs: NOW - 15 * MINUTE });
  const quick = backup(NOW - 30 * MINUTE, { arrivedAtMs: NOW - 29 * MINUTE });
  const staged = { kubernetes: { staged: [NEW] } };

  it('blocks the upgrade and says so, instead of being taken for ever', () => {
    const made = planAt(scheduled(NEW, { maxAge: '5m' }), world(staged, { backups: [slower, slow] }, null));
    expect(stepIds(made)).toEqual([]);
    expect(made.blocks).toMatchObject([{ guard: 'BackupFresh', reason: expect.stringContaining('took 8 min') }]);
    expect(made.blocks[0]?.wayOut).toContain('above 8m');
  });

  it('gives back a node that was cordoned for it', () => {
    const cordoned = { ...staged, node: { unschedulable: true, cordonedByUs: true } };
    const made = planAt(scheduled(NEW, { maxAge: '5m' }), world(cordoned, { backups: [slower, slow] }, null));
    expect(stepIds(made)).toEqual(['machine/dev-cp-1/uncordon']);
  });

  it('is none that lay in the guest while nobody was there to fetch it: the one before was quick', () => {
    const made = planAt(scheduled(NEW, { maxAge: '5m' }), world(staged, { backups: [quick, slow] }, null));
    expect(stepIds(made)).toContain('machine/dev-cp-1/upgrade');
  });

  it('is fine again when a commit raises maxAge', () => {
    const made = planAt(scheduled(NEW, { maxAge: '1h' }), world(staged, { backups: [slower, slow] }, null));
    expect(stepIds(made)).toContain('machine/dev-cp-1/upgrade');
  });
});
