import { describe, expect, it } from 'vitest';
import type { Desired } from '../../../src/model/desired.ts';
import type { ClusterSpec } from '../../../src/model/manifest.ts';
import type { HostFacts, MachineFolder, Observed } from '../../../src/model/observed.ts';
import { desire } from '../../../src/reconcile/desire.ts';
import { cluster, debianImage, machine, OTHER_DIGEST, options, recipes, setOf, smallClass } from '../manifests.ts';
import { clusterWorld } from './guests.ts';
import { domainFor, guards, NOW, observed, planAt, stepIds } from './world.ts';

const pools = (replicas: number): Partial<ClusterSpec> => ({
  workers: replicas === 0 ? [] : [{ name: 'general', replicas, machineClass: 'small' }],
});
const setWith = (replicas: number, checksum: string | undefined, memory = '2Gi') => ({
  revision: 'r',
  files: {},
  manifests: [smallClass({ memory }), debianImage(checksum), cluster('dev', pools(replicas))],
});
const dev = (replicas: number, checksum?: string, memory?: string): Desired =>
  desire(setWith(replicas, checksum, memory), recipes, options);

function hostWith(world: Observed, host: Partial<HostFacts>, folder: Partial<MachineFolder> = {}): Observed {
  if (!world.inventory.known) throw new Error('the world is known');
  const { value } = world.inventory;
  const images = [{ digest: OTHER_DIGEST, path: '/i', format: 'qcow2' as const, virtualSizeMiB: 10 }];
  const folders = value.folders.map((entry) => ({ ...entry, ...folder }));
  return {
    ...world,
    inventory: { ...world.inventory, value: { ...value, images, folders, host: { ...value.host, ...host } } },
  };
}
const capacity = (desired: Desired, world: Observed) =>
  planAt(desired, world).blocks.filter((block) => block.guard === 'HostCapacity');

describe('a new root disk', () => {
  const renewed = dev(0, OTHER_DIGEST);
  const world = clusterWorld(dev(0));

  it('needs room for a second root disk and a copy of the state disk, as large as they may be where nothing else is known', () => {
    const [block] = capacity(renewed, hostWith(world, { freeDiskMiB: 30 * 1024 }));
    expect(block?.reason).toContain(`${30 * 1024} MiB`);
    expect(block?.wayOut).toContain('HostCapacity=');
    expect(capacity(renewed, hostWith(world, { freeDiskMiB: 31 * 1024 }))).toEqual([]);
  });

  it('needs no more than the old ones take', () => {
    const folder = { useMiB: { root: 2_000, state: 500 } };
    expect(capacity(renewed, hostWith(world, { freeDiskMiB: 3_600 }, folder))).toEqual([]);
    expect(capacity(renewed, hostWith(world, { freeDiskMiB: 3_500 }, folder))).toHaveLength(1);
  });

  it('is not begun where only the first of several nodes would find room', () => {
    const folder = { useMiB: { root: 2_000, state: 500 } };
    const three = clusterWorld(dev(2));
    const [block] = capacity(dev(2, OTHER_DIGEST), hostWith(three, { freeDiskMiB: 6_000 }, folder));
    expect(block?.reason).toContain('3 machines');
    expect(capacity(dev(2, OTHER_DIGEST), hostWith(three, { freeDiskMiB: 9_000 }, folder))).toEqual([]);
  });

  it('does not wait for room that a suspended node would take', () => {
    const folder = { useMiB: { root: 2_000, state: 500 } };
    const three = hostWith(clusterWorld(dev(2)), { freeDiskMiB: 6_100 }, folder);
    const suspensions = { 'Node/dev-general-2': { reason: 'kept', atMs: NOW } };
    const held = capacity(dev(2, OTHER_DIGEST), { ...three, records: { ...three.records, suspensions } });
    expect(held.map((block) => block.target.name)).toEqual(['dev-general-2']);
  });
});

describe('more memory', () => {
  it('is given only when the host has room for all that ask for more', () => {
    const world = clusterWorld(dev(1));
    const grown = dev(1, undefined, '4Gi');
    expect(capacity(grown, hostWith(world, { memoryMiB: 8 * 1024 }))).toEqual([]);
    expect(capacity(grown, hostWith(world, { memoryMiB: 7 * 1024 }))[0]?.reason).toContain(`${8 * 1024} MiB of memory`);
  });

  it('that others have been promised does not forbid a new root disk of the same size', () => {
    const world = clusterWorld(dev(0));
    expect(capacity(dev(0, OTHER_DIGEST), hostWith(world, { memoryMiB: 1024, cpus: 1 }))).toEqual([]);
  });
});

it('a machine that is down for a moment keeps its room before one that is new', () => {
  const before = desire(setOf('r1', machine('zed', { guestAgent: false })), recipes, options);
  const after = desire(
    setOf('r2', machine('able', { guestAgent: false }), machine('zed', { guestAgent: false })),
    recipes,
    options,
  );
  const [zed] = before.machines;
  if (!zed) throw new Error('there is a machine');
  const domains = [domainFor(before, zed, { state: 'shut off', live: null })];
  const images = [{ digest: zed.spec.image.digest, path: '/i', format: 'qcow2' as const, virtualSizeMiB: 10 }];
  const world = observed({ domains, images });
  const made = planAt(after, hostWith(world, { memoryMiB: 3 * 1024 }));
  expect(made.blocks.map(({ guard, target }) => [guard, target.name])).toEqual([['HostCapacity', 'able']]);
  expect([stepIds(made), guards(made)]).toEqual([expect.arrayContaining(['machine/zed/start']), ['HostCapacity']]);
});
