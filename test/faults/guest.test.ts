import { describe, expect, it } from 'vitest';
import { setFaults } from '../../src/sim/outside.ts';
import { createObject, IMAGES, sight, wish } from '../reconcile/lifecycle.ts';
import { createRollout, type Rollout } from '../reconcile/rollout.ts';
import { told, watched } from './told.ts';

/** What goes wrong in a guest: what a user is told, that nothing is lost, and that it goes on when the fault has ended. */
const MINUTE_MS = 60_000;
const spec = { distribution: 'kubeadm', version: 'v1.36.1' } as const;
const desired = wish({ revision: 'r1', spec });
const newer = wish({ revision: 'r2', spec: { ...spec, version: 'v1.36.3' } });
const rebuilt = wish({ revision: 'r2', image: IMAGES.bad, spec });

async function standing(): Promise<Rollout> {
  const rollout = await createRollout();
  await rollout.converge(desired);
  await createObject(rollout);
  return rollout;
}

const stops = (rollout: Rollout) =>
  rollout.done.filter((id) => /\/(shutdown|power-off|upgrade|replace|go-back)$/.test(id)).length;

describe.each([
  ['silent', 'hang'],
  ['garbage', 'garbage'],
] as const)('a guest that is %s', (_name, kind) => {
  it.each([
    ['an upgrade', newer],
    ['a new root disk', rebuilt],
  ])('before %s: nothing begins in it, and all is done when it speaks again', async (_what, wanted) => {
    const rollout = await standing();
    rollout.clock.advance(2 * MINUTE_MS);
    await setFaults(rollout.world, [{ on: 'guest', machine: 'dev-cp-1', kind }]);
    rollout.done.length = 0;
    const text = await watched(rollout, wanted, 40 * MINUTE_MS);
    expect(text).toMatch(/GuestAgentConnected: .*dev-cp-1/s);
    expect(stops(rollout)).toBe(0);
    await setFaults(rollout.world, []);
    const last = await rollout.converge(wanted);
    expect([last.steps, last.waits, last.blocks]).toEqual([[], [], []]);
    expect((await sight(rollout)).objects).toEqual([['configmaps/default/kept']]);
  });
});

it('slow boot: a new root disk that boots late but in time is kept', async () => {
  const rollout = await standing();
  await setFaults(rollout.world, [{ on: 'boot', kind: 'slow', factor: 25 }]);
  const last = await rollout.converge(rebuilt);
  expect([last.blocks, (await sight(rollout)).image]).toEqual([[], IMAGES.bad]);
});

it('slow boot of a new machine past its deadline: it is told, and gone on with when the guest answers', async () => {
  const rollout = await createRollout();
  await setFaults(rollout.world, [{ on: 'boot', kind: 'slow', factor: 60 }]);
  expect(await watched(rollout, desired, 15 * MINUTE_MS)).toMatch(/DeadlinePassed.*the guest of dev-cp-1 answers/s);
  await setFaults(rollout.world, []);
  const last = await rollout.converge(desired);
  expect([last.steps, last.waits, last.blocks]).toEqual([[], [], []]);
});

it('failed boot: the old root disk is back with its data, and the status says why and what lifts it', async () => {
  const rollout = await standing();
  const before = await sight(rollout);
  await setFaults(rollout.world, [{ on: 'boot', kind: 'fail', only: IMAGES.bad }]);
  const stopped = await rollout.converge(rebuilt);
  const text = await told(rollout, rebuilt, stopped);
  expect(text).toMatch(/Quarantined: .*rolled back/s);
  expect(text).toContain('kreconcile retry Cluster/dev');
  const after = await sight(rollout);
  expect([after.image, after.objects, after.uids, after.nodes]).toEqual([
    IMAGES.old,
    [['configmaps/default/kept']],
    before.uids,
    before.nodes,
  ]);
});

describe.each(['upgrade', 'nodeReady'] as const)('failed upgrade (%s)', (on) => {
  it('is taken back with its data, told as such, and not begun again', async () => {
    const rollout = await standing();
    await setFaults(rollout.world, [{ on, kind: 'fail', only: 'v1.36.3' }]);
    const stopped = await rollout.converge(newer);
    expect(await told(rollout, newer, stopped)).toMatch(/Quarantined: .*v1\.36\.3/s);
    const { nodes, objects } = await sight(rollout);
    expect(nodes).toMatchObject([{ version: 'v1.36.1', ready: true, unschedulable: false }]);
    expect(objects).toEqual([['configmaps/default/kept']]);
    const begun = stops(rollout);
    await watched(rollout, newer, 120 * MINUTE_MS);
    expect(stops(rollout)).toBe(begun);
  });
});

it('failed rollback: it is told for what it is, tried on or left to a person, and done when it can be', async () => {
  const rollout = await standing();
  await setFaults(rollout.world, [
    { on: 'upgrade', kind: 'fail', only: 'v1.36.3' },
    { on: 'rollback', kind: 'fail', message: 'the old binaries are gone' },
  ]);
  const text = await watched(rollout, newer, 60 * MINUTE_MS);
  expect(text).toContain('the old binaries are gone');
  expect((await sight(rollout)).objects).toEqual([['configmaps/default/kept']]);
  await setFaults(rollout.world, []);
  rollout.disk.records = {
    ...rollout.disk.records,
    retries: [{ object: 'Cluster/dev', revision: 'r2', atMs: rollout.clock.now() }],
  };
  const last = await rollout.converge(newer);
  expect(last.waits.filter((wait) => wait.overdue)).toEqual([]);
  expect((await sight(rollout)).nodes).toMatchObject([{ ready: true, unschedulable: false }]);
});
