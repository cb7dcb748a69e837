import { describe, expect, it } from 'vitest';
import type { Backup } from '../../../src/model/observed.ts';
import type { Plan } from '../../../src/model/plan.ts';
import { desire } from '../../../src/reconcile/desire.ts';
import { operationPrefix } from '../../../src/reconcile/plan/operation.ts';
import { cluster, options, recipes, setOf } from '../manifests.ts';
import { clusterWorld, type NodeChange, operation } from './guests.ts';
import { NOW, planAt, stepIds } from './world.ts';

const OLD = 'v1.36.3+k3s1';
const NEW = 'v1.36.4+k3s1';
const MINUTE = 60_000;

function dev(version: string, workers: number) {
  const pools = workers === 0 ? [] : [{ name: 'general', replicas: workers, machineClass: 'small' }];
  return desire(setOf(version, cluster('dev', { version, workers: pools })), recipes, options);
}
const single = { before: dev(OLD, 0), after: dev(NEW, 0) };
const several = { before: dev(OLD, 2), after: dev(NEW, 2) };

const staged = { kubernetes: { staged: [NEW] } };
const cordoned = { node: { unschedulable: true, cordonedByUs: true } };
const backupId = (minute: number) => `${operationPrefix('backup', `dev-cp-1/${NEW}`)}${minute}`;
const drainId = (name: string, attempt: number) => `${operationPrefix('drain', `${name}/${NEW}`)}${attempt}`;
const upgradeId = (version: string, attempt: number) => `${operationPrefix('upgrade', version)}${attempt}`;
const begun = (atMs: number) => ({ count: 1, lastAtMs: atMs, error: null });
const front = (made: Plan) => made.steps.filter((step) => step.needs.length === 0).map((step) => step.id);

function backup(atMs: number, change: Partial<Backup> = {}): Backup {
  const id = backupId(Math.floor(atMs / MINUTE));
  const one = { id, cluster: 'dev', machine: 'dev-cp-1', atMs, version: OLD, sha256: '', sizeBytes: 1, verified: true };
  return { ...one, ...change };
}
function alone(change: NodeChange, ...backups: Backup[]) {
  return clusterWorld(single.before, { 'dev-cp-1': { ...staged, ...change } }, backups);
}

describe('the backup before an upgrade', () => {
  it('is enough while it is young, of this machine and of the version that runs', () => {
    expect(front(planAt(single.after, alone({}, backup(NOW - 5 * MINUTE))))).toEqual(['machine/dev-cp-1/upgrade']);
  });

  it.each([
    ['old', backup(NOW - 20 * MINUTE)],
    ['of the version before this one', backup(NOW - 5 * MINUTE, { version: 'v1.35.1+k3s1' })],
    ['of another machine', backup(NOW - 5 * MINUTE, { machine: 'dev-cp-2' })],
    ['not verified', backup(NOW - 5 * MINUTE, { verified: false })],
  ])('is made anew when it is %s', (_, found) => {
    expect(front(planAt(single.after, alone({}, found)))).toEqual(['machine/dev-cp-1/backup']);
  });

  it('that lay in the guest for a week is not taken for a fresh one', () => {
    const week = Math.floor((NOW - 7 * 24 * 60 * MINUTE) / MINUTE);
    const made = planAt(single.after, alone({ operations: [operation(backupId(week), 'succeeded')] }));
    expect(front(made)).toEqual(['machine/dev-cp-1/backup']);
  });

  it('is copied out when it was taken a moment ago, also by an agent that remembers nothing', () => {
    const minute = Math.floor(NOW / MINUTE) - 2;
    const made = planAt(single.after, alone({ operations: [operation(backupId(minute), 'succeeded')] }));
    expect(front(made)).toEqual(['machine/dev-cp-1/fetch-backup']);
    expect(made.steps[0]?.action).toMatchObject({ operation: backupId(minute) });
  });

  it('is not begun a second time in the next minute, by a reading of before it was begun', () => {
    const readAt = (atMs: number) => alone({ atMs });
    const ledger = { attempts: { 'machine/dev-cp-1/backup': begun(NOW - MINUTE / 2) } };
    const unseen = planAt(single.after, readAt(NOW - MINUTE / 2 - 1), ledger);
    expect(front(unseen)).toEqual([]);
    expect(unseen.waits.find((wait) => wait.id === 'machine/dev-cp-1/backup/done')?.needs).toEqual([]);
    expect(front(planAt(single.after, readAt(NOW), ledger))).toEqual(['machine/dev-cp-1/backup']);
  });

  it('comes after the drain, although an earlier one is young', () => {
    const operations = [operation(drainId('dev-cp-1', 1), 'succeeded')];
    const world = (found: Backup) =>
      clusterWorld(
        several.before,
        { 'dev-cp-1': { ...staged, ...cordoned, operations }, 'dev-general-1': staged, 'dev-general-2': staged },
        [found],
      );
    const attempts = { 'machine/dev-cp-1/drain': begun(NOW - 3 * MINUTE) };
    expect(front(planAt(several.after, world(backup(NOW - 8 * MINUTE)), { attempts }))).toEqual([
      'machine/dev-cp-1/backup',
    ]);
    expect(front(planAt(several.after, world(backup(NOW - 2 * MINUTE)), { attempts }))).toEqual([
      'machine/dev-cp-1/upgrade',
    ]);
  });
});

describe('an upgrade that failed once, long ago, and left the node as it was', () => {
  const failed = { operations: [operation(upgradeId(NEW, 1), 'failed')] };

  it('exempts the next attempt from nothing', () => {
    expect(front(planAt(single.after, alone(failed)))).toEqual(['machine/dev-cp-1/backup']);
  });

  it('is finished without delay where it has harmed the node', () => {
    const harmed = alone({ ...failed, kubernetes: { staged: [NEW], apiReady: false, nodes: [] } });
    const since = { 'machine/dev-cp-1/upgrade/pause': NOW - 60 * MINUTE };
    expect(front(planAt(single.after, harmed, { since }))).toEqual(['machine/dev-cp-1/upgrade']);
  });
});

describe('a version that is committed while an upgrade to another runs', () => {
  const running = operation(upgradeId('v1.36.9+k3s1', 1), 'running');
  const earlier = 'machine/dev-general-1/earlier-upgrade';
  const world = clusterWorld(several.before, {
    'dev-cp-1': staged,
    'dev-general-1': { ...staged, ...cordoned, operations: [running] },
    'dev-general-2': staged,
  });

  it('disturbs no node of the cluster before that has ended', () => {
    const made = planAt(several.after, world);
    expect(front(made)).toEqual([]);
    expect(made.waits.filter((wait) => wait.needs.length === 0).map((wait) => wait.id)).toEqual([earlier]);
  });

  it('does not give the node back in the middle of it when the commit is taken back', () => {
    const made = planAt(several.before, world);
    expect(front(made)).toEqual([]);
    expect(made.waits.map((wait) => wait.id)).toContain(earlier);
    expect(stepIds(made)).toEqual(['machine/dev-general-1/uncordon']);
  });
});

describe('the drain', () => {
  const after = clusterWorld(
    { ...several.before },
    {
      'dev-cp-1': { version: NEW, operations: [operation(drainId('dev-general-1', 1), 'succeeded')] },
      'dev-general-1': { ...staged, ...cordoned },
      'dev-general-2': staged,
    },
  );

  it('is made again when the one that succeeded was before this cordon', () => {
    const attempts = { 'machine/dev-general-1/cordon': begun(NOW - 1_000) };
    const made = planAt(several.after, after, { attempts });
    expect(front(made)).toContain('machine/dev-general-1/drain');
    expect(front(made)).not.toContain('machine/dev-general-1/upgrade');
  });

  it('is over when it came after the cordon', () => {
    const attempts = {
      'machine/dev-general-1/cordon': begun(NOW - 10_000),
      'machine/dev-general-1/drain': begun(NOW - 9_000),
    };
    expect(front(planAt(several.after, after, { attempts }))).toContain('machine/dev-general-1/upgrade');
  });

  it('that failed gives the node back until the next attempt is due', () => {
    const world = clusterWorld(several.before, {
      'dev-cp-1': { version: NEW, operations: [operation(drainId('dev-general-1', 1), 'failed')] },
      'dev-general-1': staged,
      'dev-general-2': staged,
    });
    const attempts = { 'machine/dev-general-1/drain': begun(NOW - 11_000) };
    const made = planAt(several.after, world, { attempts });
    expect(front(made)).not.toContain('machine/dev-general-1/cordon');
    expect(made.waits.map((wait) => wait.id)).toContain('machine/dev-general-1/drain/pause');
    expect(front(planAt(several.after, world, { attempts }, NOW + 15_000))).toContain('machine/dev-general-1/cordon');
  });
});

describe('an operation of a guest whose clock was set', () => {
  it('is known by its number: a later attempt may have begun at an earlier time', () => {
    const operations = [
      operation(upgradeId(NEW, 2), 'running', { startedAtMs: 5 }),
      operation(upgradeId(NEW, 1), 'failed', { startedAtMs: NOW + 3_600_000, endedAtMs: NOW + 3_600_001 }),
    ];
    const made = planAt(single.after, alone({ operations }));
    expect([front(made), made.waits.map((wait) => wait.id)]).toEqual([
      [],
      expect.arrayContaining(['machine/dev-cp-1/upgrade/done']),
    ]);
  });

  it('that seems to have taken years holds nothing back for years', () => {
    const operations = [operation(upgradeId(NEW, 1), 'failed', { startedAtMs: 0, endedAtMs: NOW })];
    const attempts = { 'machine/dev-cp-1/upgrade': begun(NOW - MINUTE) };
    const made = planAt(single.after, alone({ operations }, backup(NOW - MINUTE)), { attempts });
    expect(front(made)).toEqual(['machine/dev-cp-1/upgrade']);
  });

  it('that succeeded and changed nothing is not repeated at once, and a disruptive one not for ever', () => {
    const once = [operation(upgradeId(NEW, 1), 'succeeded')];
    const attempts = { 'machine/dev-cp-1/upgrade': begun(NOW - 1_000) };
    const fresh = backup(NOW - MINUTE);
    expect(front(planAt(single.after, alone({ operations: once }, fresh), { attempts }))).toEqual([]);
    const thrice = [1, 2, 3].map((attempt) => operation(upgradeId(NEW, attempt), 'succeeded'));
    const made = planAt(single.after, alone({ operations: thrice }, fresh), { attempts });
    expect([front(made), made.blocks.map((block) => block.guard)]).toEqual([[], ['OperationFailed']]);
  });
});

describe('a host whose clock was set back', () => {
  it('does not take a reading of the future for a fresh one', () => {
    const made = planAt(single.after, alone({ atMs: NOW + 3_600_000 }, backup(NOW - MINUTE)));
    expect([front(made), made.blocks.map((block) => block.guard)]).toEqual([[], ['GuestAgentConnected']]);
  });

  it('does not wait until it has caught up with its last attempt', () => {
    const error = { code: 'GuestUnavailable', message: 'm', hint: 'h' };
    const attempts = { 'machine/dev-cp-1/upgrade': { count: 2, lastAtMs: NOW + 3_600_000, error } };
    expect(front(planAt(single.after, alone({}, backup(NOW - MINUTE)), { attempts }))).toEqual([
      'machine/dev-cp-1/upgrade',
    ]);
  });
});

it('a node whose upgrade was taken back is brought up as before, once', () => {
  const world = clusterWorld(single.before, { 'dev-cp-1': { kubernetes: { phase: 'installed', apiReady: false } } });
  if (!world.inventory.known) throw new Error('the host is known');
  const quarantined = [{ digest: `version:${NEW}`, atMs: NOW - MINUTE, endedAtMs: NOW - MINUTE, reason: 'it failed' }];
  const domains = world.inventory.value.domains.map((domain) =>
    domain.mark === null || domain.mark === 'unreadable'
      ? domain
      : { ...domain, mark: { ...domain.mark, quarantined } },
  );
  const inventory = { ...world.inventory, value: { ...world.inventory.value, domains } };
  expect(front(planAt(single.after, { ...world, inventory }))).toEqual(['machine/dev-cp-1/bootstrap']);
});

describe('going back from an upgrade', () => {
  const atMs = NOW - 20 * MINUTE;
  const rollbackId = (attempt: number) => `${operationPrefix('rollback', `${NEW}/${atMs}`)}${attempt}`;
  const operations = [
    operation(upgradeId(NEW, 1), 'failed', { result: { touched: 'yes' } }),
    ...[1, 2, 3].map((attempt) => operation(rollbackId(attempt), 'failed', { message: 'it does not serve' })),
  ];
  const world = (change: NodeChange) => {
    const made = clusterWorld(single.before, { 'dev-cp-1': { operations, ...change } });
    const [domain] = made.inventory.known ? made.inventory.value.domains : [];
    if (!domain?.mark || domain.mark === 'unreadable') throw new Error('the domain is ours');
    Object.assign(domain.mark, { quarantined: [{ digest: `version:${NEW}`, atMs, reason: 'it failed' }] });
    return made;
  };
  const proven = { healthy: { 'dev-cp-1': { firstAtMs: NOW - MINUTE, lastAtMs: NOW - 1_000 } } };

  it('that failed three times is left to a person', () => {
    const made = planAt(single.after, world({ kubernetes: { apiReady: false } }));
    expect(made.blocks.map(({ guard }) => guard)).toContain('OperationFailed');
  });

  it('that only took longer than it waited is brought to its end without a person, and disturbs nothing', () => {
    const made = planAt(single.after, world({}), proven);
    expect([stepIds(made)[0], made.blocks]).toEqual(['machine/dev-cp-1/rollback', []]);
    expect(made.steps.filter(({ disruptive }) => disruptive)).toEqual([]);
  });
});
