import { describe, expect, it } from 'vitest';
import type { Desired } from '../../src/model/desired.ts';
import type { RetainedDisk } from '../../src/model/observed.ts';
import { adoptable } from '../../src/reconcile/adoptable.ts';
import { desire } from '../../src/reconcile/desire.ts';
import type { World } from '../../src/reconcile/reconcile.ts';
import { distributions, programs } from './drivers.ts';
import { cluster, options, setOf } from './manifests.ts';
import { Crash, createRollout, type Rollout } from './rollout.ts';

const recipes = { k3s: distributions.k3s.recipe, kubeadm: distributions.kubeadm.recipe };
function want(revision: string, of: object = {}): Desired {
  const set = setOf(revision, cluster('dev', { distribution: 'kubeadm', version: 'v1.36.1', workers: [], ...of }));
  return desire(set, recipes, { ...options, programs });
}
const worker = { workers: [{ name: 'general', replicas: 1, machineClass: 'small' }] };
const other = desire(
  setOf('r2', cluster('other', { distribution: 'kubeadm', version: 'v1.36.1', workers: [] })),
  recipes,
  {
    ...options,
    programs,
  },
);
const again = want('r3');

/** A cluster with an object in it that was deleted from the manifests, its state disks retained. */
async function deleted(desired = want('r1')): Promise<{ rollout: Rollout; uid: string }> {
  const rollout = await createRollout();
  await rollout.converge(desired);
  const uid = await rollout.world.change((hand) => {
    const [found] = Object.values(hand.state.clusters);
    if (!found) throw new Error('there is a cluster');
    found.objects['configmaps/default/kept'] = { metadata: { name: 'kept', namespace: 'default' } };
    return found.uid;
  });
  const confirmations = [{ object: 'Cluster/dev', revision: 'r2' }];
  rollout.disk.records = { ...rollout.disk.records, confirmations };
  await rollout.converge(other);
  rollout.done.length = 0;
  return { rollout, uid };
}

async function retained(rollout: Rollout): Promise<readonly RetainedDisk[]> {
  const { inventory } = await rollout.observe();
  return inventory.known ? (inventory.value.retained ?? []) : [];
}

async function nameOf(rollout: Rollout, machine = 'dev-cp-1'): Promise<string> {
  const found = (await retained(rollout)).find((disk) => disk.machine === machine);
  if (!found) throw new Error(`no state disk of ${machine} is kept`);
  return found.name;
}

async function worldOf(rollout: Rollout, desired: Desired): Promise<World> {
  return { desired, observed: await rollout.observe(), plan: await rollout.plan(desired) };
}

async function ask(rollout: Rollout, desired: Desired, name: string, replace = false): Promise<void> {
  const adoption = adoptable(await worldOf(rollout, desired), 'Cluster/dev', name, replace);
  const adoptions = [{ ...adoption, atMs: rollout.clock.now() }];
  rollout.disk.records = { ...rollout.disk.records, adoptions };
}

/** The cluster under the name, as its API server would tell. */
const clusterOf = (rollout: Rollout, name = 'dev') =>
  rollout.world.look((hand) =>
    Object.values(hand.state.clusters)
      .filter((found) => found.name === name && Object.values(found.nodes).some((node) => node.ready))
      .map(({ uid, objects }) => ({ uid, objects: Object.keys(objects) })),
  );

describe('a state disk that was kept when its cluster was deleted', () => {
  it('is told of when a cluster of the same name is made, and not used by itself', async () => {
    const { rollout, uid } = await deleted();
    const name = await nameOf(rollout);
    expect((await rollout.plan(again)).notes.map((note) => note.text)).toContain(
      `a retained state disk of dev-cp-1, ${name}, exists; \`kreconcile restore Cluster/dev ${name}\` brings it back`,
    );
    await rollout.converge(again);
    const [made] = (await clusterOf(rollout)).filter((found) => found.uid !== uid);
    expect(made?.objects).toEqual([]);
    expect(await nameOf(rollout)).toBe(name);
  });

  it('comes back under its control plane, which is the member that it was, and is upgraded then', async () => {
    const { rollout, uid } = await deleted();
    const newer = want('r3', { version: 'v1.36.3' });
    await ask(rollout, newer, await nameOf(rollout));
    const plan = await rollout.plan(newer);
    const create = plan.steps.find((step) => step.id === 'machine/dev-cp-1/create');
    expect(create?.action).toMatchObject({
      stateDiskNew: false,
      mark: { spec: { kubernetes: { version: 'v1.36.1' } } },
    });
    expect(create?.needs).toContain('machine/dev-cp-1/adopt-retained');
    expect((await rollout.converge(newer)).blocks.filter(({ object }) => object?.name === 'dev')).toEqual([]);
    expect(await clusterOf(rollout)).toEqual([{ uid, objects: ['configmaps/default/kept'] }]);
    const guest = (await rollout.observe()).guests['dev-cp-1'];
    expect(guest?.known && guest.value.kubernetes?.version).toBe('v1.36.3');
    expect(await retained(rollout)).toEqual([]);
    expect(rollout.disk.records.adoptions).toEqual([]);
    expect(rollout.failed).toEqual([]);
  });

  it('takes the place of a blank one that was made meanwhile, which is kept in turn', async () => {
    const { rollout, uid } = await deleted();
    const name = await nameOf(rollout);
    await rollout.converge(again);
    const now = await worldOf(rollout, again);
    expect(() => adoptable(now, 'Cluster/dev', name, false)).toThrow(/dev-cp-1 is there, with a state disk of its own/);
    await ask(rollout, again, name, true);
    await rollout.converge(again);
    expect((await clusterOf(rollout)).map((found) => found.uid)).toContain(uid);
    const left = await retained(rollout);
    expect(left.map((disk) => disk.machine)).toEqual(['dev-cp-1']);
    expect(left[0]?.name).not.toBe(name);
  });

  it('comes back whenever the agent ends in between', async () => {
    const acts = await adoptedWith(null);
    expect(acts).toBeGreaterThan(5);
    for (let crashAt = 0; crashAt < acts; crashAt += 1) await adoptedWith(crashAt);
  }, 120_000);

  it('is not replaced by a blank one where it vanishes after it was asked for', async () => {
    const { rollout } = await deleted();
    await ask(rollout, again, await nameOf(rollout));
    await rollout.world.change((hand) => {
      hand.state.retained = [];
    });
    const { blocks } = await rollout.converge(again);
    expect(blocks.filter(({ object }) => object?.name === 'dev')).toMatchObject([
      { guard: 'Restore', reason: expect.stringContaining('is not under retained/') },
    ]);
    expect(rollout.done.filter((id) => id.startsWith('machine/dev-cp-1/'))).toEqual([]);
  });
});

/** Brings it back with an agent that ends in that act; gives how many acts there were. */
async function adoptedWith(crashAt: number | null): Promise<number> {
  const { rollout, uid } = await deleted();
  await ask(rollout, again, await nameOf(rollout));
  let acts = 0;
  rollout.onAct = (_, phase) => {
    if (phase === 'within') return;
    acts += 1;
    if (acts - 1 === crashAt) throw new Crash();
  };
  await rollout.converge(again);
  const found = (await clusterOf(rollout)).map((entry) => entry.uid);
  expect([crashAt, found, rollout.disk.records.adoptions]).toEqual([crashAt, [uid], []]);
  return acts;
}

describe('a retained state disk is refused', () => {
  it('to a worker, and the way out is told', async () => {
    const { rollout } = await deleted(want('r1', worker));
    const name = await nameOf(rollout, 'dev-general-1');
    const now = await worldOf(rollout, want('r3', worker));
    expect(() => adoptable(now, 'Cluster/dev', name, false)).toThrow(
      expect.objectContaining({
        code: 'RestoreRefused',
        message: expect.stringContaining('dev-general-1 is a worker'),
        hint: expect.stringContaining('joins anew with a blank state disk'),
      }),
    );
    expect(now.plan.notes.filter((note) => note.text.includes(name))).toEqual([]);
  });

  it('to a member of several control planes, that there are or were: etcd may have removed it', async () => {
    const three = { controlPlane: { replicas: 3, machineClass: 'small' } };
    const { rollout } = await deleted();
    const name = await nameOf(rollout);
    const now = await worldOf(rollout, again);
    const [disk] = await retained(rollout);
    if (!disk || !now.observed.inventory.known) throw new Error('it is kept');
    const members = [disk, { ...disk, name: `${disk.name}0`, uuid: 'u2', machine: 'dev-cp-2' }];
    const inventory = { ...now.observed.inventory, value: { ...now.observed.inventory.value, retained: members } };
    const had = { ...now, observed: { ...now.observed, inventory } };
    expect(() => adoptable(had, 'Cluster/dev', name, false)).toThrow(/dev had other control planes \(dev-cp-2\)/);
    const has = await worldOf(rollout, want('r3', three));
    expect(() => adoptable(has, 'Cluster/dev', name, false)).toThrow(/etcd may have removed this member/);
  });

  it('to another cluster, and one that is not there at all', async () => {
    const { rollout } = await deleted();
    const name = await nameOf(rollout);
    const now = await worldOf(rollout, other);
    expect(() => adoptable(now, 'Cluster/other', name, false)).toThrow(/is of dev-cp-1 of Cluster\/dev/);
    expect(() => adoptable(now, 'Cluster/dev', name, false)).toThrow(/no Cluster\/dev is in the manifests/);
    expect(() => adoptable(now, 'Cluster/other', `${name}9`, false)).toThrow(/there is no retained state disk/);
  });
});
