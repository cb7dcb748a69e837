import { describe, expect, it } from 'vitest';
import type { Desired } from '../../src/model/desired.ts';
import { EMPTY_LEDGER } from '../../src/model/ledger.ts';
import type { Remediation } from '../../src/model/manifest.ts';
import type { Plan } from '../../src/model/plan.ts';
import { breakRoot, hangGuest, setFaults, stopService } from '../../src/sim/outside.ts';
import { createObject, guardsOf, IMAGES, live as liveOn, sight, wish } from './lifecycle.ts';
import { createRollout, type Rollout } from './rollout.ts';

/** Nodes that were well and fall ill, on the simulator: the real loop, a virtual clock. */
const MINUTE_MS = 60_000;
const ALL = ['restart', 'reset', 'recreate'] as const;

function cluster(workers: number, remediation: Partial<Remediation> = {}): Desired {
  const pools = workers === 0 ? [] : [{ name: 'general', replicas: workers, machineClass: 'small' }];
  return wish({ revision: 'r1', spec: { workers: pools, remediation: { actions: ALL, ...remediation } } });
}

async function standing(desired: Desired): Promise<Rollout> {
  const rollout = await createRollout();
  await rollout.converge(desired);
  await createObject(rollout);
  rollout.done.length = 0;
  return rollout;
}

/** As the agent does, that looks once a minute although nothing is to be done. */
async function live(rollout: Rollout, desired: Desired, forMs: number): Promise<Plan> {
  const endMs = rollout.clock.now() + forMs;
  while (rollout.clock.now() + MINUTE_MS < endMs) await liveOn(rollout, desired, MINUTE_MS);
  return liveOn(rollout, desired, endMs - rollout.clock.now());
}

const remedies = ({ done }: Rollout) => done.filter((id) => id.includes('/remedy/'));
const ready = async (rollout: Rollout) =>
  (await sight(rollout)).nodes.filter((node) => node.ready).map(({ name }) => name);
/** By machine: what the mark still says of an outage that goes on. */
const open = async (rollout: Rollout, machine: string) =>
  ((await sight(rollout, machine)).mark.remedies ?? []).filter(({ endedAtMs }) => endedAtMs === undefined);

describe('a node that is not healthy', () => {
  it.each(['dev-cp-1', 'dev-general-1'])('whose guest hangs is reset once and comes back (%s)', async (name) => {
    const desired = cluster(1);
    const rollout = await standing(desired);
    await hangGuest(rollout.world, name);
    await live(rollout, desired, 4 * MINUTE_MS);
    expect(remedies(rollout)).toEqual([]);
    await live(rollout, desired, 14 * MINUTE_MS);
    expect(remedies(rollout)).toEqual([`machine/${name}/remedy/reset`]);
    expect(await ready(rollout)).toEqual(['dev-cp-1', 'dev-general-1']);
    expect(await open(rollout, name)).toEqual([]);
    expect((await rollout.converge(desired)).steps).toEqual([]);
  });

  it.each(['dev-cp-1', 'dev-general-1'])(
    'whose main service is down gets it restarted, and no more (%s)',
    async (name) => {
      const desired = cluster(1);
      const rollout = await standing(desired);
      await stopService(rollout.world, name);
      await live(rollout, desired, 40 * MINUTE_MS);
      expect(remedies(rollout)).toEqual([`machine/${name}/remedy/restart`]);
      expect(await ready(rollout)).toEqual(['dev-cp-1', 'dev-general-1']);
      expect(await open(rollout, name)).toEqual([]);
    },
  );

  it.each(['dev-cp-1', 'dev-general-1'])(
    'whose root disk is broken gets a new one of the same image in the end, and the cluster is the same (%s)',
    async (name) => {
      const desired = cluster(1);
      const rollout = await standing(desired);
      const before = await sight(rollout, name);
      await breakRoot(rollout.world, name);
      await live(rollout, desired, 30 * MINUTE_MS);
      const after = await sight(rollout, name);
      expect(remedies(rollout)).toEqual([`machine/${name}/remedy/reset`, `machine/${name}/remedy/recreate`]);
      expect([after.mark.generation, after.image, after.mark.quarantined]).toEqual([2, before.image, []]);
      expect([after.uids, after.objects, after.nodes]).toEqual([before.uids, before.objects, before.nodes]);
      expect(await open(rollout, name)).toEqual([]);
      expect([rollout.failed, (await rollout.converge(desired)).steps]).toEqual([[], []]);
    },
  );

  it('is well on a new root disk of its own image before it gets the one that a commit asks for', async () => {
    const rollout = await standing(cluster(0));
    await breakRoot(rollout.world, 'dev-cp-1');
    await live(rollout, cluster(0), 2 * MINUTE_MS);
    const remediation = { actions: ALL };
    const changed = wish({ revision: 'r2', image: IMAGES.good, spec: { remediation } });
    await live(rollout, changed, 60 * MINUTE_MS);
    const ours = rollout.done.filter((id) => /dev-cp-1\/(replace|settle|drop-previous)$/.test(id));
    expect(ours.map((id) => id.split('/')[2])).toEqual(['replace', 'settle', 'drop-previous', 'replace', 'settle']);
    expect((await sight(rollout)).image).toBe(IMAGES.good);
  });

  it('that comes to itself in time is left alone', async () => {
    const desired = cluster(1);
    const rollout = await standing(desired);
    await setFaults(rollout.world, [{ on: 'status', machine: 'dev-cp-1', kind: 'silent' }]);
    await live(rollout, desired, 4 * MINUTE_MS);
    await setFaults(rollout.world, []);
    await live(rollout, desired, 8 * MINUTE_MS);
    expect(rollout.done).toEqual([]);
  });

  it('is left alone where remediation was not asked for', async () => {
    const desired = wish({ revision: 'r1' });
    const rollout = await standing(desired);
    await hangGuest(rollout.world, 'dev-cp-1');
    await live(rollout, desired, 30 * MINUTE_MS);
    expect(rollout.done).toEqual([]);
  });

  it('is noted well again at the version that runs, where an older one is asked for in vain', async () => {
    const remediation = { actions: ALL };
    const rollout = await standing(wish({ revision: 'r1', spec: { version: 'v1.36.4+k3s1', remediation } }));
    const older = wish({ revision: 'r2', spec: { version: 'v1.35.8+k3s1', remediation } });
    await stopService(rollout.world, 'dev-cp-1');
    const plan = await live(rollout, older, 40 * MINUTE_MS);
    expect([guardsOf(plan), plan.waits]).toEqual([['NoDowngrade'], []]);
    expect([remedies(rollout).length, await open(rollout, 'dev-cp-1')]).toEqual([1, []]);
  });

  it('that is suspended is left alone, and its plan says what is held back', async () => {
    const desired = cluster(1);
    const rollout = await standing(desired);
    await hangGuest(rollout.world, 'dev-general-1');
    const reason = { reason: 'looking into it', atMs: rollout.clock.now() };
    rollout.disk.records = { ...rollout.disk.records, suspensions: { 'Node/dev-general-1': reason } };
    const plan = await live(rollout, desired, 14 * MINUTE_MS);
    expect(rollout.done).toEqual([]);
    expect(plan.blocks.find(({ guard }) => guard === 'Suspended')?.reason).toContain('reset dev-general-1');
  });
});

describe('when more nodes are unhealthy than may be', () => {
  it('nothing is done and a block says so, until enough of them are well', async () => {
    const desired = cluster(3);
    const rollout = await standing(desired);
    await stopService(rollout.world, 'dev-general-1');
    await stopService(rollout.world, 'dev-general-2');
    const held = await live(rollout, desired, 30 * MINUTE_MS);
    expect(rollout.done).toEqual([]);
    const block = held.blocks.find(({ guard }) => guard === 'RemediationHeld');
    expect(block?.reason).toContain('2 of 4 nodes of dev are unhealthy (dev-general-1, dev-general-2)');
    const raised = cluster(3, { maxUnhealthy: '50%' });
    await live(rollout, raised, 8 * MINUTE_MS);
    expect([...remedies(rollout)].sort()).toEqual([
      'machine/dev-general-1/remedy/restart',
      'machine/dev-general-2/remedy/restart',
    ]);
    expect((await ready(rollout)).length).toBe(4);
  });

  it('as when no guest on the host answers at all', async () => {
    const desired = cluster(1, { maxUnhealthy: '100%' });
    const rollout = await standing(desired);
    await setFaults(rollout.world, [{ on: 'status', kind: 'silent' }]);
    const held = await live(rollout, desired, 14 * MINUTE_MS);
    expect([remedies(rollout), guardsOf(held)]).toEqual([[], expect.arrayContaining(['RemediationHeld'])]);
  });
});

describe('what was done about a node', () => {
  it('is known without the ledger: nothing is done twice', async () => {
    const desired = cluster(0, { pause: '20m' });
    const rollout = await standing(desired);
    await breakRoot(rollout.world, 'dev-cp-1');
    while (remedies(rollout).length === 0) await live(rollout, desired, MINUTE_MS);
    for (let minutes = 0; minutes < 19; minutes += 1) {
      rollout.disk.ledger = EMPTY_LEDGER;
      await live(rollout, desired, MINUTE_MS);
    }
    expect(remedies(rollout)).toEqual(['machine/dev-cp-1/remedy/reset']);
    await live(rollout, desired, 40 * MINUTE_MS);
    expect(remedies(rollout)).toEqual(['machine/dev-cp-1/remedy/reset', 'machine/dev-cp-1/remedy/recreate']);
  });

  it('ends when all that is allowed was tried; a person may ask for another round', async () => {
    const desired = cluster(0, { actions: ['reset'] });
    const rollout = await standing(desired);
    await breakRoot(rollout.world, 'dev-cp-1');
    const spent = await live(rollout, desired, 20 * MINUTE_MS);
    expect(remedies(rollout)).toEqual(['machine/dev-cp-1/remedy/reset']);
    expect(spent.blocks.find(({ guard }) => guard === 'RemediationHeld')).toMatchObject({
      reason: expect.stringContaining('did not help: reset at'),
      wayOut: expect.stringContaining('kreconcile retry Cluster/dev'),
    });
    const retries = [{ object: 'Cluster/dev', revision: 'r1', atMs: rollout.clock.now() }];
    rollout.disk.records = { ...rollout.disk.records, retries };
    await live(rollout, desired, 20 * MINUTE_MS);
    expect(remedies(rollout).length).toBe(2);
  });

  it('is bounded: a node that falls ill again and again is left to a person', async () => {
    const desired = cluster(0, { maxTries: 2 });
    const rollout = await standing(desired);
    for (let outages = 0; outages < 3; outages += 1) {
      await hangGuest(rollout.world, 'dev-cp-1');
      await live(rollout, desired, 14 * MINUTE_MS);
    }
    const held = await rollout.plan(desired);
    expect(remedies(rollout)).toEqual(['machine/dev-cp-1/remedy/reset', 'machine/dev-cp-1/remedy/reset']);
    expect(held.blocks.find(({ guard }) => guard === 'RemediationHeld')?.reason).toContain('2 times within 24 hours');
  });

  it('counts only once it is done: a reset that libvirt refuses is tried again', async () => {
    const desired = cluster(0);
    const rollout = await standing(desired);
    await hangGuest(rollout.world, 'dev-cp-1');
    await setFaults(rollout.world, [{ on: 'reset', kind: 'error', times: 2 }]);
    await live(rollout, desired, 14 * MINUTE_MS);
    expect([rollout.failed.length, remedies(rollout)]).toEqual([2, ['machine/dev-cp-1/remedy/reset']]);
    expect(await ready(rollout)).toEqual(['dev-cp-1']);
  });
});
