import { describe, expect, it } from 'vitest';
import type { ClusterSpec } from '../../../src/model/manifest.ts';
import { desire } from '../../../src/reconcile/desire.ts';
import { cluster, options, recipes, setOf } from '../manifests.ts';
import { clusterWorld, type NodeChange } from './guests.ts';
import { guards, NOW, planAt, stepIds } from './world.ts';

const endpoint = 'api.dev.test';
function dev(replicas: number, spec: Partial<ClusterSpec> = {}) {
  const controlPlane = { machineClass: 'small', replicas };
  return desire(setOf('r', cluster('dev', { controlPlane, endpoint, workers: [], ...spec })), recipes, options);
}
const version = 'v1.36.4+k3s1';
const staged: NodeChange = { kubernetes: { staged: [version] } };
const all = { 'dev-cp-1': staged, 'dev-cp-2': staged, 'dev-cp-3': staged };
const down: NodeChange = { kubernetes: { staged: [version], apiReady: false, nodes: [] }, node: { ready: false } };
const cordons = (ids: readonly string[]) => ids.filter((id) => id.endsWith('/cordon'));

describe('the beginning of an upgrade of three control planes', () => {
  const upgraded = (changes: Readonly<Record<string, NodeChange>>) =>
    planAt(dev(3, { version }), clusterWorld(dev(3), { ...all, ...changes }));
  const ready = (made: ReturnType<typeof upgraded>) =>
    made.steps.filter(({ needs }) => needs.length === 0).map(({ id }) => id);

  it('takes one away, while the others wait for it', () => {
    expect(ready(upgraded({}))).toEqual(['machine/dev-cp-1/cordon']);
  });

  it('is held back while another one does not serve, which leaves no majority beside it', () => {
    const made = upgraded({ 'dev-cp-3': down });
    expect(guards(made)).toEqual(expect.arrayContaining(['ControlPlaneStable', 'Quorum']));
    expect(ready(made)).not.toContain('machine/dev-cp-1/cordon');
  });

  it('is held back while another one has not been read for a minute', () => {
    expect(guards(upgraded({ 'dev-cp-2': { ...staged, atMs: NOW - 61_000 } }))).toContain('Quorum');
  });

  it('goes on with the one that is away already, before any other', () => {
    const away: NodeChange = { ...staged, node: { unschedulable: true, cordonedByUs: true } };
    expect(cordons(ready(upgraded({ 'dev-cp-2': away })))).toEqual([]);
    expect(ready(upgraded({ 'dev-cp-2': away }))).toContain('machine/dev-cp-2/drain');
  });
});

describe('a control plane that is to join before the others are upgraded', () => {
  const joining = (changes: Readonly<Record<string, NodeChange>>) => {
    const desired = dev(3, { version });
    const world = clusterWorld(dev(3), {
      ...changes,
      'dev-cp-3': { kubernetes: { phase: 'installed', apiReady: null } },
    });
    if (!world.inventory.known) throw new Error('the host is known');
    const domains = world.inventory.value.domains.map((domain) =>
      domain.name === 'dev-cp-3' && domain.mark !== null && domain.mark !== 'unreadable'
        ? { ...domain, mark: { ...domain.mark, joins: true, provenAtMs: null } }
        : domain,
    );
    return planAt(desired, {
      ...world,
      inventory: { ...world.inventory, value: { ...world.inventory.value, domains } },
    });
  };
  const front = (made: ReturnType<typeof joining>) =>
    [...made.steps, ...made.waits].filter(({ needs }) => needs.length === 0).map(({ id }) => id);

  it('joins while an API server serves, and else waits for one instead of failing', () => {
    expect(front(joining({}))).toContain('machine/dev-cp-3/join');
    const away: NodeChange = { kubernetes: { apiReady: false, nodes: [] } };
    const made = front(joining({ 'dev-cp-1': away, 'dev-cp-2': away }));
    expect(made).toContain('machine/dev-cp-3/join/via');
    expect(made).not.toContain('machine/dev-cp-3/join');
  });
});

describe('control planes that a commit takes away', () => {
  const prune = { mode: 'Enabled' } as const;
  const left = (changes: Readonly<Record<string, NodeChange>>) =>
    planAt(dev(1, { prune }), clusterWorld(dev(3, { prune }), changes));

  it('leave the datastore before they are shut down', () => {
    const ids = stepIds(left({})).filter((id) => id.startsWith('machine/dev-cp-3/'));
    expect(ids.indexOf('machine/dev-cp-3/remove-member')).toBeLessThan(ids.indexOf('machine/dev-cp-3/shutdown'));
  });

  it('leave it too where their own API server does not answer: they are members all the same', () => {
    const silent: NodeChange = { kubernetes: { apiReady: false, apiVersion: null, nodes: [] }, node: { ready: false } };
    const made = planAt(dev(1, { prune }), clusterWorld(dev(2, { prune }), { 'dev-cp-2': silent }));
    const shutdown = made.steps.find(({ id }) => id === 'machine/dev-cp-2/shutdown');
    expect(shutdown?.needs).toEqual(['machine/dev-cp-2/remove-member']);
  });

  it('stay while another one does not stand firm', () => {
    const made = left({ 'dev-cp-2': down, 'dev-cp-3': { node: { unschedulable: true, evictablePods: 0 } } });
    expect(
      stepIds(made).filter(
        (id) => id === 'machine/dev-cp-3/shutdown' && made.steps.find((s) => s.id === id)?.needs.length === 0,
      ),
    ).toEqual([]);
  });

  it('are not waited for by a change as long as nobody allows them to leave', () => {
    const kept = dev(3, { prune: { mode: 'Confirm' } });
    const made = planAt(dev(1, { version, prune: { mode: 'Confirm' } }), clusterWorld(kept, all));
    expect(guards(made)).toEqual(['PruneConfirm']);
    const removed = planAt(dev(1, { version, prune }), clusterWorld(dev(3, { prune }), all));
    expect(guards(removed)).toContain('ControlPlaneStable');
  });
});
