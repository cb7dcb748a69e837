import { describe, expect, it } from 'vitest';
import type { Desired } from '../../src/model/desired.ts';
import { EMPTY_LEDGER } from '../../src/model/ledger.ts';
import { desire } from '../../src/reconcile/desire.ts';
import type { World } from '../../src/reconcile/reconcile.ts';
import { restorable } from '../../src/reconcile/restorable.ts';
import { destroyDomain, loseStateDisk, undefineDomain } from '../../src/sim/outside.ts';
import { distributions, programs } from './drivers.ts';
import { live, sight } from './lifecycle.ts';
import { cluster, options, setOf } from './manifests.ts';
import { Crash, createRollout, type Rollout } from './rollout.ts';

const recipes = { k3s: distributions.k3s.recipe, kubeadm: distributions.kubeadm.recipe };
const pools = (replicas: number) => (replicas === 0 ? [] : [{ name: 'general', replicas, machineClass: 'small' }]);
function want(revision: string, replicas = 0, version = 'v1.36.1'): Desired {
  const set = setOf(revision, cluster('dev', { distribution: 'kubeadm', version, workers: pools(replicas) }));
  return desire(set, recipes, { ...options, programs });
}
const single = want('r1');

/** A cluster with an object in it and a backup of that, whose control plane is then lost with everything on this host that was its own. */
async function lost(desired: Desired): Promise<{ rollout: Rollout; uid: string }> {
  const rollout = await createRollout();
  await rollout.converge(desired);
  const uid = await write(rollout, 'before');
  rollout.disk.records = { ...rollout.disk.records, backupRequests: [{ cluster: 'dev', atMs: rollout.clock.now() }] };
  await rollout.converge(desired);
  expect(rollout.disk.records.backups).toHaveLength(1);
  await write(rollout, 'after');
  await remove(rollout);
  return { rollout, uid };
}

async function remove(rollout: Rollout): Promise<void> {
  await destroyDomain(rollout.world, 'dev-cp-1');
  await undefineDomain(rollout.world, 'dev-cp-1');
  await loseStateDisk(rollout.world, 'dev-cp-1');
  await rollout.world.change((hand) => {
    delete hand.state.folders['dev-cp-1'];
    hand.dropLostClusters();
  });
  rollout.disk.ledger = EMPTY_LEDGER;
  rollout.done.length = 0;
}

/** Puts an object into the only cluster; gives its UID. */
function write(rollout: Rollout, name: string): Promise<string> {
  return rollout.world.change((hand) => {
    const [found] = Object.values(hand.state.clusters);
    if (!found) throw new Error('there is a cluster');
    found.objects[`configmaps/default/${name}`] = { metadata: { name, namespace: 'default' } };
    return found.uid;
  });
}

function putOnTrial({ world }: Rollout, machine: string): Promise<void> {
  return world.change((hand) => {
    const domain = hand.domainNamed(machine);
    const mark = domain?.mark;
    if (!domain || !mark || mark === 'unreadable') throw new Error(`${machine} is ours`);
    const previous = { generation: 0, spec: mark.spec, provenAtMs: null };
    domain.mark = { ...mark, previousGeneration: 0, previous, provenAtMs: null };
  });
}

const clusters = (rollout: Rollout) =>
  rollout.world.look((hand) =>
    Object.values(hand.state.clusters).map(({ uid, objects, nodes }) => ({
      uid,
      objects: Object.keys(objects),
      ready: Object.values(nodes).flatMap((node) => (node.ready ? [node.name] : [])),
    })),
  );

async function restore(rollout: Rollout, desired: Desired, replace = false): Promise<void> {
  const world: World = { desired, observed: await rollout.observe(), plan: await rollout.plan(desired) };
  const { restoration } = restorable(world, 'dev', 'latest', replace);
  const restorations = [{ ...restoration, atMs: rollout.clock.now() }];
  rollout.disk.records = { ...rollout.disk.records, restorations };
}

describe('a cluster that is lost', () => {
  it('is not made anew as a blank one behind its owner, and the way out is told', async () => {
    const { rollout } = await lost(single);
    const plan = await rollout.converge(single);
    expect(plan.blocks).toMatchObject([
      { guard: 'ClusterLost', wayOut: expect.stringContaining('kreconcile restore dev backup-') },
    ]);
    expect(rollout.done).toEqual([]);
    const confirmed = { object: 'Cluster/dev', revision: 'r1' };
    const allow = (allows: 'delete' | 'begin-anew') => {
      rollout.disk.records = { ...rollout.disk.records, confirmations: [{ ...confirmed, allows }] };
    };
    // A node that somebody let be deleted is another matter.
    allow('delete');
    expect((await rollout.converge(single)).blocks).toMatchObject([{ guard: 'ClusterLost' }]);
    allow('begin-anew');
    expect((await rollout.converge(single)).blocks).toEqual([]);
    expect((await clusters(rollout))[0]?.objects).toEqual([]);
  });

  it('comes back from the repository and the backup alone, with its identity and its objects', async () => {
    const { rollout, uid } = await lost(single);
    const { backups } = rollout.disk.records;
    rollout.disk.records = { applied: [], suspensions: {}, confirmations: [], deleted: [], kubeconfigs: [], backups };
    rollout.disk.kubeconfigs = {};
    await restore(rollout, single);
    const plan = await rollout.plan(single);
    expect(plan.steps.find((step) => step.id.endsWith('/restore'))?.reason).toMatch(
      /what was written after 20.* is lost$/,
    );
    expect((await rollout.converge(single)).blocks).toEqual([]);
    expect(await clusters(rollout)).toEqual([{ uid, objects: ['configmaps/default/before'], ready: ['dev-cp-1'] }]);
    expect(Object.keys(rollout.disk.kubeconfigs)).toEqual(['dev']);
    expect(rollout.disk.records.restorations).toEqual([]);
    expect(rollout.failed).toEqual([]);
  });

  it('comes back at the version of its backup where an older one is wanted, and nothing is left of the wish', async () => {
    const { rollout, uid } = await lost(single);
    const older = want('r2', 0, 'v1.35.8');
    await restore(rollout, older);
    const plan = await rollout.converge(older);
    expect(plan.blocks.map(({ guard }) => guard)).toEqual(['NoDowngrade']);
    expect(await clusters(rollout)).toEqual([{ uid, objects: ['configmaps/default/before'], ready: ['dev-cp-1'] }]);
    expect(rollout.disk.records.restorations).toEqual([]);
    const { mark } = await sight(rollout);
    expect([mark.provenAtMs, mark.spec.kubernetes?.version]).toEqual([expect.any(Number), 'v1.36.1']);
    expect(plan.health['dev-cp-1']).not.toBeNull();
  });

  it('comes back under its workers, which go on', async () => {
    const desired = want('r1', 2);
    const { rollout, uid } = await lost(desired);
    await restore(rollout, desired);
    await rollout.converge(desired);
    expect(await clusters(rollout)).toEqual([
      { uid, objects: ['configmaps/default/before'], ready: ['dev-cp-1', 'dev-general-1', 'dev-general-2'] },
    ]);
  });

  it('comes back under workers that joined after the backup: they register again', async () => {
    const { rollout, uid } = await lost(single);
    await restore(rollout, single);
    await rollout.converge(single);
    const desired = want('r2', 1);
    await rollout.converge(desired);
    await remove(rollout);
    await restore(rollout, desired);
    expect((await rollout.converge(desired)).blocks).toEqual([]);
    expect((await clusters(rollout))[0]).toMatchObject({ uid, ready: ['dev-cp-1', 'dev-general-1'] });
    expect(rollout.done.filter((id) => id === 'machine/dev-general-1/restart')).toHaveLength(1);
  });

  it.each(['proven', 'on trial'])(
    'begun anew knows nothing of its workers: they are restarted three times, and a block says what to do (%s)',
    async (how) => {
      const desired = want('r1', 1);
      const { rollout } = await lost(desired);
      // As remediation leaves it that gave it a new root disk while its control plane was gone.
      if (how === 'on trial') await putOnTrial(rollout, 'dev-general-1');
      const object = 'Cluster/dev';
      rollout.disk.records = { ...rollout.disk.records, confirmations: [{ object, revision: 'r1' }] };
      for (let times = 0; times < 3; times += 1) await live(rollout, desired, 5 * 60_000);
      const plan = await rollout.plan(desired);
      expect(plan.blocks.find(({ guard }) => guard === 'OperationFailed')?.wayOut).toContain('was begun anew');
      expect(rollout.done.filter((id) => id === 'machine/dev-general-1/restart')).toHaveLength(3);
    },
  );

  it('first runs the version of the backup, and is upgraded when it is back', async () => {
    const { rollout, uid } = await lost(single);
    const newer = want('r2', 0, 'v1.36.3');
    await restore(rollout, newer);
    await rollout.converge(newer);
    expect(rollout.done.indexOf('machine/dev-cp-1/restore')).toBeLessThan(
      rollout.done.indexOf('machine/dev-cp-1/upgrade'),
    );
    expect((await clusters(rollout))[0]?.uid).toBe(uid);
    const guest = (await rollout.observe()).guests['dev-cp-1'];
    expect(guest?.known && guest.value.kubernetes?.version).toBe('v1.36.3');
  });

  it('comes back whenever the agent ends in between', async () => {
    const acts = await restoredWith(null);
    expect(acts).toBeGreaterThan(10);
    for (let crashAt = 0; crashAt < acts; crashAt += 1) await restoredWith(crashAt);
  });

  it('is not brought back a second time by an old wish', async () => {
    const { rollout } = await lost(single);
    await restore(rollout, single);
    await rollout.converge(single);
    await remove(rollout);
    expect((await rollout.converge(single)).blocks).toMatchObject([{ guard: 'ClusterLost' }]);
  });
});

/** Restores with an agent that ends in that act; gives how many acts there were. */
async function restoredWith(crashAt: number | null): Promise<number> {
  const { rollout, uid } = await lost(single);
  await restore(rollout, single);
  let acts = 0;
  rollout.onAct = (_, phase) => {
    if (phase === 'within') return;
    acts += 1;
    if (acts - 1 === crashAt) throw new Crash();
  };
  await rollout.converge(single);
  const [found] = await clusters(rollout);
  expect([crashAt, found]).toEqual([crashAt, { uid, objects: ['configmaps/default/before'], ready: ['dev-cp-1'] }]);
  expect(rollout.disk.records.restorations).toEqual([]);
  return acts;
}

describe('a restoration is refused', () => {
  const world = async (rollout: Rollout, desired = single): Promise<World> => ({
    desired,
    observed: await rollout.observe(),
    plan: await rollout.plan(desired),
  });

  it('where the control plane is there with its data, unless that is given up', async () => {
    const { rollout, uid } = await lost(single);
    await restore(rollout, single);
    await rollout.converge(single);
    await write(rollout, 'later');
    const found = await world(rollout);
    expect(() => restorable(found, 'dev', 'latest', false)).toThrow(/the control plane dev-cp-1 is there/);
    await restore(rollout, single, true);
    await rollout.converge(single);
    const [back] = await clusters(rollout);
    expect(back).toMatchObject({ uid, objects: ['configmaps/default/before'] });
    expect(await rollout.world.look((hand) => hand.state.retained.map((entry) => entry.machine))).toEqual(['dev-cp-1']);
  });

  it('of a backup of another cluster, distribution or none, and of a cluster nobody asks for', async () => {
    const { rollout } = await lost(single);
    const now = await world(rollout);
    const [backup] = now.observed.records.backups;
    if (!backup) throw new Error('there is one');
    const other = (change: object): World => ({
      ...now,
      observed: { ...now.observed, records: { ...now.observed.records, backups: [{ ...backup, ...change }] } },
    });
    expect(() => restorable(other({ cluster: 'prod' }), 'dev', backup.id, false)).toThrow(
      /is a backup of prod, not of dev/,
    );
    expect(() => restorable(other({ verified: false }), 'dev', backup.id, false)).toThrow(/never opened and checked/);
    expect(() => restorable(other({ distribution: 'k3s' }), 'dev', backup.id, false)).toThrow(
      /is of k3s, and dev is kubeadm/,
    );
    expect(() => restorable(now, 'dev', 'backup-x', false)).toThrow(/no backup backup-x of dev/);
    expect(() => restorable(now, 'prod', backup.id, false)).toThrow(/no cluster prod/);
  });
});
