import { expect, it } from 'vitest';
import { desire } from '../../../src/reconcile/desire.ts';
import { cluster, machine, options, recipes, setOf } from '../manifests.ts';
import { observed, planAt } from './world.ts';

it('an object that this host does not take is told of, with what would make it taken', () => {
  const manifests = [
    machine('anywhere'),
    cluster('there', { placement: { host: 'host-2' } }),
    machine('far', { placement: { host: 'host-3' } }),
  ];
  const made = planAt(desire(setOf('r', ...manifests), recipes, { ...options, takeUnplaced: false }), observed({}));
  expect(made.steps).toEqual([]);
  expect(made.notes.map(({ text }) => text)).toEqual([
    "Machine/anywhere is not taken: it names no placement.host. Write `placement: {host: host-1}` into its spec, or `placement: {takeUnplaced: true}` into this host's agent.yaml",
    'placed on other hosts than host-1, and not taken: Cluster/there (host-2), Machine/far (host-3)',
  ]);
});

it('a folder without a Cluster and a Machine is told of: nothing to do can also be a wrong path', () => {
  const made = planAt(desire(setOf('r'), recipes, options), observed({}));
  expect(made.notes.map(({ text }) => text)).toEqual(['no manifest asks this host for a Cluster or a Machine']);
});
