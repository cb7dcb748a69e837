import { describe, expect, it } from 'vitest';
import { EMPTY_LEDGER } from '../../src/model/ledger.ts';
import { setFaults } from '../../src/sim/outside.ts';
import { guardsOf, IMAGES, sight, untilPlanned, wish } from './lifecycle.ts';
import { cluster } from './manifests.ts';
import { Crash, createRollout, type Rollout } from './rollout.ts';

/** Commits that are taken back, refused or forbidden before they are carried out whole. */
const foldersOf = ({ world }: Rollout) => world.look(({ state }) => Object.keys(state.folders));
const V1 = 'v1.35.8';
const V2 = 'v1.36.1';
const V3 = 'v1.36.3';

it('an address that was set apart for a machine that nobody wants any more is given back, and no other', async () => {
  const rollout = await createRollout();
  const two = { spec: { controlPlane: { replicas: 1, machineClass: 'small' } } };
  await rollout.converge(wish({ revision: 'r1', ...two }));
  await rollout.world.change(({ state }) => {
    for (const entry of state.networks) {
      const foreign = { mac: '52:54:00:00:00:01', address: '192.168.122.77', name: 'other-cp-1' };
      const { reservations } = entry.network;
      entry.network = { ...entry.network, reservations: [...reservations, foreign] };
    }
  });
  const withOther = wish({ revision: 'r2', ...two, others: [cluster('next', { workers: [] })] });
  await rollout.world.change(({ state }) => {
    for (const digest of Object.keys(state.images)) delete state.images[digest];
  });
  await untilPlanned(rollout, withOther, 'next-cp-1/create');
  while (!rollout.done.includes('machine/next-cp-1/reserve')) await rollout.pass(withOther);
  if (rollout.done.includes('machine/next-cp-1/create')) throw new Error('made before it could be taken back');
  await rollout.converge(wish({ revision: 'r3', ...two }));
  const names = await rollout.world.look(({ state }) =>
    state.networks.flatMap(({ network }) => network.reservations.map(({ name }) => name)),
  );
  expect([...new Set(names)].sort()).toEqual(['dev-cp-1', 'other-cp-1']);
});

it('what was prepared for a machine that nobody wants any more is removed, and nothing else', async () => {
  const rollout = await createRollout();
  const two = { spec: { controlPlane: { replicas: 1, machineClass: 'small' } } };
  await rollout.converge(wish({ revision: 'r1', ...two }));
  const withOther = wish({ revision: 'r2', ...two, others: [cluster('next', { workers: [] })] });
  rollout.onAct = (act, phase) => {
    if (act.name === 'define' && act.machine === 'next-cp-1' && phase === 'before') throw new Crash();
  };
  for (let passes = 0; passes < 20 && !(await foldersOf(rollout)).includes('next-cp-1'); passes += 1)
    await rollout.pass(withOther);
  rollout.onAct = null;
  await rollout.world.change(({ state }) => {
    state.folders['theirs'] = { machine: 'theirs', generations: {}, stateDisk: null };
  });
  expect([...(await foldersOf(rollout))].sort()).toEqual(['dev-cp-1', 'next-cp-1', 'theirs']);
  rollout.done.length = 0;
  const last = await rollout.converge(wish({ revision: 'r3', ...two }));
  expect(guardsOf(last)).toEqual([]);
  expect([...(await foldersOf(rollout))].sort()).toEqual(['dev-cp-1', 'theirs']);
  expect(rollout.done).toContain('machine/next-cp-1/discard');
});

describe('a commit with a new image', () => {
  it('whose version is refused changes nothing', async () => {
    const rollout = await createRollout();
    const spec = (version: string) => ({ distribution: 'kubeadm', version, workers: [] }) as const;
    await rollout.converge(wish({ revision: 'r1', spec: spec(V2) }));
    const last = await rollout.converge(wish({ revision: 'r2', image: IMAGES.good, spec: spec(V1) }));
    expect([guardsOf(last), (await sight(rollout)).image]).toEqual([['NoDowngrade'], IMAGES.old]);
    expect(rollout.done).not.toContain('machine/dev-cp-1/shutdown');
    await rollout.converge(wish({ revision: 'r3', image: IMAGES.good, spec: spec(V2) }));
    expect((await sight(rollout)).image).toBe(IMAGES.good);
  });

  it('that is forbidden when the machine is already down for it starts the machine as it was', async () => {
    const rollout = await createRollout();
    await rollout.converge(wish({ revision: 'r1' }));
    const first = wish({ revision: 'r2', image: IMAGES.good });
    await untilPlanned(rollout, first, '/copy-state');
    for (let passes = 0; passes < 300 && !rollout.done.includes('machine/dev-cp-1/copy-state'); passes += 1) {
      await rollout.pass(first);
      rollout.clock.moveTo(rollout.clock.now() + 1_000);
    }
    rollout.clock.moveTo(rollout.clock.now() + 30_000);
    expect(rollout.done).not.toContain('machine/dev-cp-1/replace');
    rollout.disk.ledger = EMPTY_LEDGER;
    const forbidden = wish({ revision: 'r3', image: IMAGES.good, spec: { upgrade: { strategy: 'InPlaceOnly' } } });
    expect(guardsOf(await rollout.converge(forbidden))).toEqual(['RecreateNeeded']);
    expect([rollout.done.includes('machine/dev-cp-1/replace'), (await sight(rollout)).image]).toEqual([
      false,
      IMAGES.old,
    ]);
  });
});

it('a control plane is not upgraded by a new commit while the upgrade of a worker is being taken back', async () => {
  const rollout = await createRollout();
  const workers = [{ name: 'general', replicas: 1, machineClass: 'small' }];
  const spec = (version: string) => ({ distribution: 'kubeadm', version, workers }) as const;
  await rollout.converge(wish({ revision: 'r1', spec: spec(V1) }));
  await setFaults(rollout.world, [{ on: 'upgrade', kind: 'fail', machine: 'dev-general-1', only: V2, halfway: true }]);
  await untilPlanned(rollout, wish({ revision: 'r2', spec: spec(V2) }), 'dev-general-1/rollback');
  while (!rollout.done.includes('machine/dev-general-1/rollback'))
    await rollout.pass(wish({ revision: 'r2', spec: spec(V2) }));
  rollout.done.length = 0;
  await rollout.converge(wish({ revision: 'r3', spec: spec(V3) }));
  const at = (id: string) => rollout.done.indexOf(id);
  expect(at('machine/dev-general-1/taken-back')).toBeGreaterThan(-1);
  expect(at('machine/dev-cp-1/upgrade')).toBeGreaterThan(at('machine/dev-general-1/taken-back'));
  expect((await sight(rollout)).nodes.map(({ version }) => version)).toEqual([V3, V3]);
});
