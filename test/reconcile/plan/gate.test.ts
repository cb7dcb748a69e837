import { describe, expect, it } from 'vitest';
import { SKIP_ANNOTATION } from '../../../src/model/guard.ts';
import type { Manifest } from '../../../src/model/manifest.ts';
import type { Backup, Calendar, Observed } from '../../../src/model/observed.ts';
import type { Plan } from '../../../src/model/plan.ts';
import { desire } from '../../../src/reconcile/desire.ts';
import { operationPrefix } from '../../../src/reconcile/plan/operation.ts';
import { cluster, debianImage, OTHER_DIGEST, options, recipes, setOf, smallClass } from '../manifests.ts';
import { clusterWorld, type NodeChange, operation } from './guests.ts';
import { guards, NOW, planAt, stepIds } from './world.ts';

const OLD = 'v1.36.3+k3s1';
const NEW = 'v1.36.4+k3s1';
const closed = { isOpen: false, untilMs: null, nextOpenMs: NOW + 3_600_000, reason: 'its window is shut' };

function manifest(version: string, workers: number, annotation?: string): Manifest {
  const pools = workers === 0 ? [] : [{ name: 'general', replicas: workers, machineClass: 'small' }];
  const made = cluster('dev', { version, workers: pools });
  return annotation === undefined
    ? made
    : ({ ...made, metadata: { name: 'dev', annotations: { [SKIP_ANNOTATION]: annotation } } } as Manifest);
}
const want = (version: string, workers = 0, annotation?: string) =>
  desire(setOf(version, manifest(version, workers, annotation)), recipes, options);

const backup: Backup = {
  id: `${operationPrefix('backup', `dev-cp-1/${NEW}`)}${Math.floor(NOW / 60_000)}`,
  cluster: 'dev',
  machine: 'dev-cp-1',
  atMs: NOW - 60_000,
  version: OLD,
  sha256: '',
  sizeBytes: 1,
  verified: true,
};
function world(calendar: Partial<Calendar>, change: NodeChange = {}, workers = 0): Observed {
  const staged = { kubernetes: { staged: [NEW] } };
  const changes = { 'dev-cp-1': { ...staged, ...change }, 'dev-general-1': staged };
  return {
    ...clusterWorld(want(OLD, workers), changes, [backup]),
    calendar: { windows: {}, backups: {}, blockers: {}, ...calendar },
  };
}
const isBegun = (made: Plan) => stepIds(made).includes('machine/dev-cp-1/upgrade');
const outside = world({ windows: { 'Cluster/dev': closed } });

describe('the beginning of an upgrade', () => {
  it('is held back outside the windows, and the block says when one opens', () => {
    const made = planAt(want(NEW), outside);
    expect([isBegun(made), guards(made)]).toEqual([false, ['WindowOpen']]);
    expect(made.blocks[0]?.reason).toContain(new Date(NOW + 3_600_000).toISOString().slice(0, 16));
    expect(isBegun(planAt(want(NEW), world({})))).toBe(true);
  });

  it('is held back by a blocker of the host and by the veto of the guest', () => {
    const byHost = world({ blockers: { 'Cluster/dev': [{ what: 'file /run/hold', reason: 'it exists' }] } });
    const byGuest = world({}, { status: { veto: 'payroll runs' } });
    const [host, guest] = [planAt(want(NEW), byHost), planAt(want(NEW), byGuest)];
    expect([isBegun(host), guards(host), host.blocks[0]?.reason]).toEqual([
      false,
      ['Blocker'],
      expect.stringContaining('/run/hold'),
    ]);
    expect([isBegun(guest), guards(guest), guest.blocks[0]?.reason]).toEqual([
      false,
      ['Blocker'],
      expect.stringContaining('payroll runs'),
    ]);
  });

  it('asks nobody once it has begun', () => {
    const running = operation(`${operationPrefix('upgrade', NEW)}1`, 'running');
    const made = planAt(want(NEW), world({ windows: { 'Cluster/dev': closed } }, { operations: [running] }));
    expect([guards(made), made.waits.map((wait) => wait.id)]).toEqual([
      [],
      expect.arrayContaining(['machine/dev-cp-1/upgrade/done']),
    ]);
  });

  it('leaves staging alone: what is fetched outside a window is there when it opens', () => {
    const made = planAt(want(NEW), world({ windows: { 'Cluster/dev': closed } }, { kubernetes: { staged: [] } }));
    expect(stepIds(made)).toEqual(['machine/dev-cp-1/stage']);
  });

  it('gives a node back that was cordoned when the window shut, after the drain that runs', () => {
    const node = { node: { unschedulable: true, cordonedByUs: true } };
    const shut = { windows: { 'Cluster/dev': closed } };
    expect(stepIds(planAt(want(NEW, 1), world(shut, node, 1)))).toContain('machine/dev-cp-1/uncordon');
    const draining = operation(`${operationPrefix('drain', `dev-cp-1/${NEW}`)}1`, 'running');
    const made = planAt(want(NEW, 1), world(shut, { ...node, operations: [draining] }, 1));
    expect(stepIds(made)).toEqual([]);
    expect(made.waits.map((wait) => wait.id)).toContain('machine/dev-cp-1/drain/done');
  });
});

describe('a rollout that is under way when its window shuts', () => {
  const half = (overrunUntilMs: number | null): Observed => ({
    ...clusterWorld(want(OLD, 2), {
      'dev-cp-1': { version: NEW },
      'dev-general-1': { version: NEW },
      'dev-general-2': { kubernetes: { staged: [NEW] } },
    }),
    calendar: { windows: { 'Cluster/dev': { ...closed, overrunUntilMs } }, backups: {}, blockers: {} },
  });

  it('goes on to the next node only while the overrun lasts', () => {
    expect(stepIds(planAt(want(NEW, 2), half(NOW + 60_000)))).toContain('machine/dev-general-2/upgrade');
    expect(stepIds(planAt(want(NEW, 2), half(null)))).toEqual([]);
    expect(stepIds(planAt(want(NEW, 2), half(NOW - 1)))).toEqual([]);
  });

  it('is not begun by an overrun', () => {
    const shut = { ...closed, overrunUntilMs: NOW + 60_000 };
    expect(isBegun(planAt(want(NEW), world({ windows: { 'Cluster/dev': shut } })))).toBe(false);
  });
});

describe('the skip annotation', () => {
  const printed = /kreconcile\.dev\/skip-guard: "([^"]+)"/.exec(
    planAt(want(NEW), outside).blocks[0]?.wayOut ?? '',
  )?.[1];

  it('as the plan prints it lifts the guard, and the plan says so', () => {
    const made = planAt(want(NEW, 0, printed), outside);
    expect([isBegun(made), guards(made)]).toEqual([true, []]);
    expect(made.notes.map((note) => note.text).join()).toMatch(/WindowOpen is skipped.*Cluster\/dev/);
  });

  it('counts for no other spec, image or size', () => {
    const other = want('v1.36.5+k3s1', 0, printed);
    expect(guards(planAt(other, outside))).toContain('WindowOpen');
    expect(planAt(other, outside).blocks[0]?.reason).toContain('another spec');
    const digestOf = (...manifests: Manifest[]) =>
      desire({ revision: 'r', files: {}, manifests }, recipes, options).machines[0]?.skips.specDigest;
    const digests = [
      digestOf(smallClass(), debianImage(), manifest(NEW, 0)),
      digestOf(smallClass(), debianImage(OTHER_DIGEST), manifest(NEW, 0)),
      digestOf(smallClass({ cpus: 4 }), debianImage(), manifest(NEW, 0)),
    ];
    expect(new Set(digests).size).toBe(3);
  });

  it('names beside the guard those that are skipped already', () => {
    const both = world({ windows: { 'Cluster/dev': closed } }, { status: { veto: 'no' } });
    const [block] = planAt(want(NEW, 0, printed), both).blocks;
    expect(block?.guard).toBe('Blocker');
    expect(block?.wayOut).toMatch(/"Blocker=\w{12},WindowOpen=\w{12}"/);
  });

  it('lets an upgrade begin without a backup', () => {
    const failing = operation(`${operationPrefix('backup', `dev-cp-1/${NEW}`)}1`, 'failed');
    const bare = (annotation?: string) =>
      planAt(want(NEW, 0, annotation), {
        ...clusterWorld(want(OLD), { 'dev-cp-1': { kubernetes: { staged: [NEW] }, operations: [failing] } }),
      });
    expect(guards(bare())).toEqual(['BackupFresh']);
    const digest = want(NEW).machines[0]?.skips.specDigest;
    const made = bare(`BackupFresh=${digest}`);
    expect(stepIds(made).filter((id) => !id.endsWith('/record'))).toEqual(['machine/dev-cp-1/upgrade']);
    expect(made.notes.map((note) => note.text).join()).toContain('BackupFresh is skipped');
  });
});
