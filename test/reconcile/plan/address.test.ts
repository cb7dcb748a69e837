import { describe, expect, it } from 'vitest';
import type { HostNetwork } from '../../../src/model/observed.ts';
import { desire } from '../../../src/reconcile/desire.ts';
import { cluster, options, recipes, setOf } from '../manifests.ts';
import { clusterWorld } from './guests.ts';
import { domainFor, guards, observed, planAt, stepIds } from './world.ts';

const plain = cluster('dev', { workers: [] });
const dev = (manifest = plain) => desire(setOf('r', manifest), recipes, options);
const before = dev();
const [controlPlane] = before.machines;
if (!controlPlane) throw new Error('the manifests hold a control plane');
const network = (change: Partial<HostNetwork>): HostNetwork => ({
  kind: 'network',
  name: 'default',
  active: true,
  reservations: [],
  dhcp: { start: '192.168.122.10', end: '192.168.122.10', gateway: '192.168.122.1', prefix: 24 },
  ...change,
});

describe('an address that must stay', () => {
  it('is not given up in silence when the network has none left', () => {
    const reservations = [{ mac: '52:54:00:00:00:01', address: '192.168.122.10', name: 'other' }];
    const made = planAt(before, observed({ networks: [network({ reservations })] }));
    expect(stepIds(made)).not.toContain('machine/dev-cp-1/create');
    expect(guards(made)).toContain('NetworkReady');
  });

  it('is not moved under a machine that was made without one', () => {
    const made = planAt(before, observed({ networks: [network({})], domains: [domainFor(before, controlPlane)] }));
    expect(stepIds(made)).not.toContain('machine/dev-cp-1/reserve');
  });
});

describe('the published kubeconfig', () => {
  const published = (desired: ReturnType<typeof dev>, world = clusterWorld(before)) =>
    planAt(desired, world).steps.find((step) => step.id === 'cluster/dev/kubeconfig')?.action;

  it('does not name an endpoint that the cluster was not made with, which no certificate knows', () => {
    const after = dev(cluster('dev', { workers: [], endpoint: 'new.test' }));
    expect(published(after)).toBeUndefined();
    expect(guards(planAt(after, clusterWorld(before)))).toContain('Immutable');
  });

  it('follows a new port of the endpoint', () => {
    const made = dev(cluster('dev', { workers: [], endpoint: 'api.test:6443' }));
    const after = dev(cluster('dev', { workers: [], endpoint: 'api.test:443' }));
    expect(published(after, clusterWorld(made))).toMatchObject({ server: 'https://api.test:443' });
  });

  it('follows the address of a control plane that has no lasting one', () => {
    const addresses = [{ mac: controlPlane.mac, address: '10.0.0.7' }];
    const world = clusterWorld(before, { 'dev-cp-1': { status: { addresses } } });
    if (!world.inventory.known) throw new Error('the world was observed');
    const inventory = { ...world.inventory.value, domains: [domainFor(before, controlPlane)] };
    const bare = { ...world, inventory: { ...world.inventory, value: inventory } };
    expect(published(before, bare)).toMatchObject({ server: 'https://10.0.0.7:6443' });
  });
});
