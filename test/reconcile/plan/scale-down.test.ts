import { describe, expect, it } from 'vitest';
import { EMPTY_LEDGER } from '../../../src/model/ledger.ts';
import type { ClusterSpec } from '../../../src/model/manifest.ts';
import type { Plan } from '../../../src/model/plan.ts';
import type { SourceStatus } from '../../../src/model/status.ts';
import { desire } from '../../../src/reconcile/desire.ts';
import { operationPrefix } from '../../../src/reconcile/plan/operation.ts';
import { verdictOf } from '../../../src/reconcile/plan/verdict.ts';
import { cluster, options, recipes, setOf } from '../manifests.ts';
import { clusterWorld, type NodeChange, operation } from './guests.ts';
import { guards, NOW, planAt, stepIds } from './world.ts';

function dev(replicas: number, spec: Partial<ClusterSpec> = {}) {
  const workers = [{ name: 'general', replicas, machineClass: 'small' }];
  return desire(setOf('r', cluster('dev', { workers, prune: { mode: 'Enabled' }, ...spec })), recipes, options);
}
const before = dev(2);
const CLEAN = { problem: null } as SourceStatus;
const of = (ids: readonly string[]) => ids.filter((id) => id.startsWith('machine/dev-general-2/'));

describe('a worker that a commit takes away', () => {
  const deleted = (change: NodeChange) => planAt(dev(1), clusterWorld(before, { 'dev-cp-1': change }));

  it('is drained, shut down, taken out of the cluster and deleted', () => {
    expect(of(stepIds(deleted({})))).toEqual([
      'machine/dev-general-2/cordon',
      'machine/dev-general-2/drain',
      'machine/dev-general-2/shutdown',
      'machine/dev-general-2/remove-node',
      'machine/dev-general-2/delete',
    ]);
  });

  describe('and whose pods cannot be evicted', () => {
    const HOUR = 3_600_000;
    const prefix = operationPrefix('drain', 'dev-general-2/deletion');
    const said = 'drain of dev-general-2 failed, blocked by: shop/db-0 shop/db-1; timed out';
    const failed = [1, 2, 3].map((attempt) => operation(`${prefix}${attempt}`, 'failed', { message: said }));
    const attempts = (count: number) => ({
      'machine/dev-general-2/drain': { count, lastAtMs: NOW - 60_000, error: null },
    });
    const at = (nowMs: number, tries: number, retriedAtMs: number | null = null) => {
      const world = clusterWorld(before, { 'dev-cp-1': { operations: failed.slice(0, tries), atMs: nowMs } });
      const retries = retriedAtMs === null ? [] : [{ object: 'Cluster/dev', revision: 'r', atMs: retriedAtMs }];
      return planAt(
        dev(1),
        { ...world, records: { ...world.records, retries } },
        { attempts: attempts(tries), lookedAtMs: nowMs },
        nowMs,
      );
    };
    const isTried = (made: Plan) =>
      made.steps.some(({ id, needs }) => id === 'machine/dev-general-2/cordon' && needs.length === 0);

    it('is left alone after three drains, which name the pods and the way out', () => {
      const made = at(NOW, 3);
      expect(made.blocks).toMatchObject([
        {
          guard: 'OperationFailed',
          target: { name: 'dev-general-2' },
          reason: expect.stringContaining('shop/db-0 shop/db-1'),
        },
      ]);
      expect(made.blocks[0]?.wayOut).toContain('kreconcile retry Cluster/dev');
      expect([isTried(made), verdictOf(CLEAN, made, { ...EMPTY_LEDGER, attempts: attempts(3) })]).toEqual([
        false,
        'failed',
      ]);
    });

    it('is tried again hours later, after a commit, and when a person asks for it', () => {
      expect(isTried(at(NOW + 4 * HOUR, 3))).toBe(true);
      expect(isTried(at(NOW, 3, NOW - 1_000))).toBe(true);
      expect(isTried(at(NOW, 3, NOW - 2 * 60_000))).toBe(false);
      const world = clusterWorld(before, { 'dev-cp-1': { operations: failed } });
      expect(planAt(dev(1), world, { attempts: {} }).blocks).toEqual([]);
    });

    it('is tried again soon after one or two', () => {
      expect([at(NOW + HOUR, 2).blocks, isTried(at(NOW + HOUR, 2))]).toEqual([[], true]);
    });
  });

  it('is not drained where nobody could take its pods', () => {
    const last = planAt(dev(0), clusterWorld(dev(1), { 'dev-cp-1': { node: { unschedulable: true } } }));
    expect(stepIds(last).filter((id) => id.startsWith('machine/dev-general-1/'))).toEqual([
      'machine/dev-general-1/shutdown',
      'machine/dev-general-1/remove-node',
      'machine/dev-general-1/delete',
    ]);
  });

  it.each([
    ['has not been read for long', { atMs: NOW - 61_000 }],
    ['cannot reach its API', { kubernetes: { apiReady: false, nodes: [] } }],
  ])('is kept while its control plane %s: nobody knows whether its node is still there', (_, change) => {
    const made = deleted(change);
    const wait = made.waits.find((entry) => entry.id === 'machine/dev-general-2/node-known');
    expect(wait?.guest).toBe('dev-cp-1');
    expect(made.steps.find((step) => step.id === 'machine/dev-general-2/delete')?.needs).toContain(wait?.id);
  });

  it('is kept, and it says so, while its cluster is off', () => {
    const made = planAt(dev(1, { powerState: 'Off' }), clusterWorld(before, { 'dev-cp-1': { atMs: NOW - 61_000 } }));
    expect(stepIds(made)).not.toContain('machine/dev-general-2/delete');
    expect(guards(made)).toContain('GuestAgentConnected');
  });
});
