import { describe, expect, it } from 'vitest';
import { setFaults } from '../../src/sim/outside.ts';
import { createObject, guardsOf, live, sight, wish } from './lifecycle.ts';
import { createRollout, type Rollout } from './rollout.ts';

/** An upgrade that fails, on the simulator: what ran before returns, and is not left again by itself. */
const V1 = 'v1.35.8';
const V2 = 'v1.36.1';
const V3 = 'v1.36.3';
const want = (revision: string, version: string, workers = 0) =>
  wish({
    revision,
    spec: {
      distribution: 'kubeadm',
      version,
      workers: workers === 0 ? [] : [{ name: 'general', replicas: workers, machineClass: 'small' }],
    },
  });

async function standing(workers = 0): Promise<Rollout> {
  const rollout = await createRollout();
  await rollout.converge(want('r1', V1, workers));
  await createObject(rollout);
  return rollout;
}

it('an upgrade to another minor that is taken back loses nothing that was written since the backup before it', async () => {
  const rollout = await createRollout();
  await rollout.converge(want('r1', V1));
  rollout.disk.records = { ...rollout.disk.records, backupRequests: [{ cluster: 'dev', atMs: rollout.clock.now() }] };
  await rollout.converge(want('r1', V1));
  await createObject(rollout);
  await setFaults(rollout.world, [{ on: 'upgrade', kind: 'fail', only: V2, halfway: true }]);
  expect(guardsOf(await rollout.converge(want('r2', V2)))).toEqual(['Quarantined']);
  expect(rollout.disk.records.backups).toHaveLength(1);
  expect((await sight(rollout)).objects).toEqual([['configmaps/default/kept']]);
});

it.each([
  ['changed nothing is tried three times', {}, 3],
  ['left its mark is taken back at once', { halfway: true }, 1],
] as const)('an upgrade that fails and %s', async (_, how, tries) => {
  const rollout = await standing();
  await setFaults(rollout.world, [{ on: 'upgrade', kind: 'fail', only: V2, ...how }]);
  expect(guardsOf(await rollout.converge(want('r2', V2)))).toEqual(['Quarantined']);
  expect(rollout.done.filter((id) => id === 'machine/dev-cp-1/upgrade')).toHaveLength(tries);
});

describe.each([
  ['whose API server never comes up', { on: 'apiStart', kind: 'fail', only: V2 }],
  ['that breaks off with the new API server running', { on: 'upgrade', kind: 'fail', only: V2, halfway: true }],
  ['after which the node is never Ready', { on: 'nodeReady', kind: 'fail', only: V2 }],
] as const)('an upgrade %s', (_, fault) => {
  it('is taken back with its data, is quarantined, and is not tried again', async () => {
    const rollout = await standing();
    const before = await sight(rollout);
    await setFaults(rollout.world, [fault]);
    const desired = want('r2', V2);
    const stopped = await rollout.converge(desired);
    const after = await sight(rollout);
    expect(guardsOf(stopped)).toEqual(['Quarantined']);
    expect([after.nodes, after.uids, after.objects]).toEqual([
      before.nodes,
      before.uids,
      [['configmaps/default/kept']],
    ]);
    expect(after.mark.quarantined).toMatchObject([{ digest: `version:${V2}`, endedAtMs: expect.any(Number) }]);
    expect(after.mark.spec.kubernetes?.version).toBe(V1);
    const upgrades = () => rollout.done.filter((id) => id === 'machine/dev-cp-1/upgrade').length;
    const tried = upgrades();
    await live(rollout, desired, 24 * 3_600_000);
    expect(upgrades()).toBe(tried);
    expect(rollout.done.indexOf('machine/dev-cp-1/quarantine')).toBeLessThan(
      rollout.done.indexOf('machine/dev-cp-1/rollback'),
    );
  });

  it('does not stand in the way of another version', async () => {
    const rollout = await standing();
    await setFaults(rollout.world, [fault]);
    await rollout.converge(want('r2', V2));
    expect(guardsOf(await rollout.converge(want('r3', V3)))).toEqual([]);
    expect((await sight(rollout)).nodes).toMatchObject([{ version: V3, ready: true, unschedulable: false }]);
  });

  it('succeeds when a person says retry', async () => {
    const rollout = await standing();
    await setFaults(rollout.world, [fault]);
    await rollout.converge(want('r2', V2));
    await setFaults(rollout.world, []);
    rollout.disk.records = {
      ...rollout.disk.records,
      retries: [{ object: 'Cluster/dev', revision: 'r2', atMs: rollout.clock.now() }],
    };
    expect(guardsOf(await rollout.converge(want('r2', V2)))).toEqual([]);
    expect((await sight(rollout)).nodes).toMatchObject([{ version: V2, ready: true, unschedulable: false }]);
  });
});

describe('a worker whose upgrade fails', () => {
  it('goes back, takes pods again, and halts the rollout before the next worker', async () => {
    const rollout = await standing(3);
    await setFaults(rollout.world, [{ on: 'upgrade', kind: 'fail', machine: 'dev-general-1' }]);
    const stopped = await rollout.converge(want('r2', V2, 3));
    const { nodes } = await sight(rollout);
    expect(nodes.map(({ name, version, ready, unschedulable }) => [name, version, ready, unschedulable])).toEqual([
      ['dev-cp-1', V2, true, false],
      ['dev-general-1', V1, true, false],
      ['dev-general-2', V1, true, false],
      ['dev-general-3', V1, true, false],
    ]);
    expect(stopped.blocks.map(({ target, guard }) => [target.name, guard])).toEqual([
      ['dev-general-1', 'Quarantined'],
      ['dev-general-2', 'RolloutHalted'],
      ['dev-general-3', 'RolloutHalted'],
    ]);
  });
});

it('a commit that takes the version back in the middle of a failing upgrade undoes the half that was done', async () => {
  const rollout = await standing();
  await setFaults(rollout.world, [{ on: 'upgrade', kind: 'fail', only: V2, halfway: true }]);
  for (let pass = 0; pass < 200 && !rollout.done.includes('machine/dev-cp-1/upgrade'); pass += 1)
    await live(rollout, want('r2', V2), 5_000);
  await live(rollout, want('r2', V2), 65_000);
  expect(guardsOf(await rollout.converge(want('r3', V1)))).toEqual([]);
  const observed = await rollout.observe();
  const guest = observed.guests['dev-cp-1'];
  expect(guest?.known && guest.value.kubernetes).toMatchObject({ version: V1, apiVersion: V1, apiReady: true });
});
