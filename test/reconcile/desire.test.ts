import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { desire } from '../../src/reconcile/desire.ts';
import { cluster, debianImage, machine, OTHER_DIGEST, options, recipes, setOf, smallClass } from './manifests.ts';

describe('desire', () => {
  const set = setOf(
    'r1',
    cluster('dev', { workers: [{ name: 'general', replicas: 2, machineClass: 'small' }] }),
    machine('jump'),
  );

  it('names every node of a cluster and keeps plain machines beside them', () => {
    const desired = desire(set, recipes, options);
    expect(desired.machines.map((entry) => entry.name)).toEqual(['dev-cp-1', 'dev-general-1', 'dev-general-2', 'jump']);
    expect(desired.clusters[0]?.controlPlanes).toEqual(['dev-cp-1']);
  });

  it('fills in defaults so that a short example is complete', () => {
    const [node, , , plain] = desire(set, recipes, options).machines;
    expect(node?.spec.stateDiskMiB).toBe(20 * 1024);
    expect(plain?.spec.stateDiskMiB).toBeNull();
    expect(node?.spec.network.attach).toEqual({ kind: 'network', name: 'default' });
    expect(node?.spec.kubernetes?.endpointHost).toBe('dev.kreconcile.internal');
    expect(node?.prune).toBe('Confirm');
    expect(node?.deletionPolicy).toBe('Retain');
  });

  it('gives a machine the same identity in every revision, and another one to another owner', () => {
    const identity = (owner: string, revision: string) => {
      const [first] = desire({ ...set, revision }, recipes, { ...options, owner }).machines;
      return [first?.uuid, first?.mac, first?.stateDisk?.filesystemUuid];
    };
    expect(identity('kreconcile', 'r1')).toEqual(identity('kreconcile', 'r2'));
    expect(identity('kreconcile', 'r1')[0]).not.toEqual(identity('other', 'r1')[0]);
    // Pinned: another value here would orphan every machine in the field.
    expect(identity('kreconcile', 'r1')).toMatchInlineSnapshot(`
      [
        "15dd910d-60ff-571a-9a8f-7f8d7161d9ee",
        "52:54:00:e3:1f:8f",
        "07372134-98f4-535e-b4e7-1dc6c3083f19",
      ]
    `);
  });

  it('does not depend on the order of documents', () => {
    const expected = desire(set, recipes, options);
    fc.assert(
      fc.property(fc.shuffledSubarray([...set.manifests], { minLength: set.manifests.length }), (manifests) => {
        expect(desire({ ...set, manifests }, recipes, options)).toEqual(expected);
      }),
    );
  });

  it('takes only what is placed on this host, and unplaced objects only when told so', () => {
    const placed = setOf(
      'r1',
      cluster('here', { placement: { host: 'host-1' } }),
      cluster('there', { placement: { host: 'host-2' } }),
      machine('anywhere'),
    );
    const names = (takeUnplaced: boolean) =>
      desire(placed, recipes, { ...options, takeUnplaced }).machines.map((entry) => entry.name);
    expect(names(true)).toEqual(['anywhere', 'here-cp-1', 'here-general-1']);
    expect(names(false)).toEqual(['here-cp-1', 'here-general-1']);
    const left = (takeUnplaced: boolean) => desire(placed, recipes, { ...options, takeUnplaced }).notTaken;
    const elsewhere = [{ object: { kind: 'Cluster', name: 'there' }, host: 'host-2' }];
    expect(left(true)).toEqual({ host: 'host-1', unplaced: [], elsewhere });
    expect(left(false)).toMatchObject({ unplaced: [{ kind: 'Machine', name: 'anywhere' }], elsewhere });
    expect(desire(setOf('r1', machine('anywhere')), recipes, options)).not.toHaveProperty('notTaken');
  });

  it('asks for an image once when two objects name the same bytes', () => {
    const twice = setOf('r1', machine('one'), machine('two', { image: 'copy' }));
    const copy = { ...debianImage(), metadata: { name: 'copy' } };
    const images = desire({ ...twice, manifests: [...twice.manifests, copy] }, recipes, options).images;
    expect(images).toHaveLength(1);
    expect(desire(setOf('r2', machine('one')), recipes, options).images[0]?.digest).not.toBe(OTHER_DIGEST);
  });

  it('keeps the whole of an odd size: quantities round up to MiB', () => {
    const odd = { ...set, manifests: [smallClass({ memory: '1500M' }), ...set.manifests.slice(1)] };
    expect(desire(odd, recipes, options).machines[0]?.spec.memoryMiB).toBe(1431);
  });
});
