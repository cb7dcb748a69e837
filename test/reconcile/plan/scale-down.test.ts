import { describe, expect, it } from 'vitest';
import type { ClusterSpec } from '../../../src/model/manifest.ts';
import { desire } from '../../../src/reconcile/desire.ts';
import { cluster, options, recipes, setOf } from '../manifests.ts';
import { clusterWorld, type NodeChange } from './guests.ts';
import { guards, NOW, planAt, stepIds } from './world.ts';

function dev(replicas: number, spec: Partial<ClusterSpec> = {}) {
  const workers = [{ name: 'general', replicas, machineClass: 'small' }];
  return desire(setOf('r', cluster('dev', { workers, prune: { mode: 'Enabled' }, ...spec })), recipes, options);
}
const before = dev(2);
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
