import { describe, expect, it, vi } from 'vitest';
import type { ClusterSpec } from '../../src/model/manifest.ts';
import { setFaults } from '../../src/sim/outside.ts';
import { guardsOf, IMAGES, sight, untilPlanned, wish } from './lifecycle.ts';
import { createRollout, type Rollout } from './rollout.ts';

vi.setConfig({ testTimeout: 120_000 });

const three: Partial<ClusterSpec> = {
  distribution: 'kubeadm',
  version: 'v1.35.8',
  endpoint: 'api.dev.test',
  controlPlane: { machineClass: 'small', replicas: 3 },
  workers: [{ name: 'general', replicas: 1, machineClass: 'small' }],
  prune: { mode: 'Enabled' },
};
const one = { ...three, controlPlane: { machineClass: 'small', replicas: 1 } };
const CONTROL_PLANES = ['dev-cp-1', 'dev-cp-2', 'dev-cp-3'];

const membersOf = ({ world }: Rollout) =>
  world.look(({ state }) =>
    Object.values(state.clusters).map(({ controlPlanes }) => controlPlanes.map((uuid) => state.domains[uuid]?.name)),
  );

/** The second has just been asked to join, the third has not. */
async function halfMade(): Promise<Rollout> {
  const rollout = await createRollout();
  const desired = wish({ revision: 'r1', spec: three });
  await untilPlanned(rollout, desired, 'machine/dev-cp-2/join');
  for (let passes = 0; !rollout.done.includes('machine/dev-cp-2/join'); passes += 1) {
    expect(passes).toBeLessThan(300);
    await rollout.pass(desired);
    rollout.clock.advance(1_000);
  }
  return rollout;
}

describe('a cluster with three control planes', () => {
  it('is made by the first, which the others join one by one, before any worker does', async () => {
    const rollout = await createRollout();
    const last = await rollout.converge(wish({ revision: 'r1', spec: three }), 800);
    expect([guardsOf(last), rollout.failed]).toEqual([[], []]);
    expect(await membersOf(rollout)).toEqual([CONTROL_PLANES]);
    const roads = rollout.done.filter((id) => /\/(join|settle)$/.test(id));
    expect(roads).toEqual([
      'machine/dev-cp-1/settle',
      'machine/dev-cp-2/join',
      'machine/dev-cp-2/settle',
      'machine/dev-cp-3/join',
      'machine/dev-cp-3/settle',
      'machine/dev-general-1/join',
      'machine/dev-general-1/settle',
    ]);
    expect(rollout.disk.records.kubeconfigs.map(({ server }) => server)).toEqual(['https://api.dev.test:6443']);
  });
  it('is also what a cluster of one becomes', async () => {
    const rollout = await createRollout();
    await rollout.converge(wish({ revision: 'r1', spec: one }));
    const before = await sight(rollout);
    const last = await rollout.converge(wish({ revision: 'r2', spec: three }), 800);
    expect([guardsOf(last), rollout.failed]).toEqual([[], []]);
    expect(await membersOf(rollout)).toEqual([CONTROL_PLANES]);
    expect((await sight(rollout)).uids).toEqual(before.uids);
  });
  it.each([
    ['a new image', { image: IMAGES.good }],
    ['another version', { spec: { ...three, version: 'v1.36.1' } }],
  ])('gets %s one after the other, and its API serves all the while', async (_, change) => {
    const rollout = await createRollout();
    await rollout.converge(wish({ revision: 'r1', spec: three }), 800);
    const desired = wish({ revision: 'r2', spec: three, ...change });
    let served = true;
    let most = 0;
    rollout.done.length = 0;
    const first = (await rollout.plan(desired)).steps.map(({ id }) => id).sort();
    for (let passes = 0; passes < 900; passes += 1) {
      await rollout.pass(desired);
      const { up, api } = await rollout.world.look(({ state, isServing }) => {
        const domains = Object.values(state.domains).filter(({ name }) => CONTROL_PLANES.includes(name));
        return { up: domains.filter(isServing).length, api: domains.some(isServing) };
      });
      served &&= api;
      most = Math.max(most, 3 - up);
      const next = await rollout.plan(desired);
      if (next.steps.length === 0 && next.waits.length === 0) break;
      if (next.steps.some(({ needs }) => needs.length === 0)) continue;
      const eventAtMs = (await rollout.world.nextEventAtMs()) ?? Number.POSITIVE_INFINITY;
      rollout.clock.moveTo(Math.max(rollout.clock.now() + 1, Math.min(eventAtMs, next.lookAgainAtMs ?? 0)));
    }
    expect([served, most, rollout.failed]).toEqual([true, 1, []]);
    expect([...rollout.done].sort()).toEqual(first);
    expect(guardsOf(await rollout.plan(desired))).toEqual([]);
  });

  it('is complete before any of it is upgraded, where a commit asks for another version while it is made', async () => {
    const rollout = await halfMade();
    const last = await rollout.converge(wish({ revision: 'r2', spec: { ...three, version: 'v1.36.1' } }), 900);
    expect([guardsOf(last), rollout.failed]).toEqual([[], []]);
    expect((await sight(rollout)).nodes.map(({ version }) => version)).toEqual(Array(4).fill('v1.36.1'));
    const roads = rollout.done.filter((id) => /cp-.*\/(join|upgrade)$/.test(id));
    expect(roads.indexOf('machine/dev-cp-3/join')).toBeLessThan(roads.indexOf('machine/dev-cp-2/upgrade'));
  });

  it('is complete before a member of it gets another root disk, where a commit asks for that while it is made', async () => {
    const rollout = await halfMade();
    const last = await rollout.converge(wish({ revision: 'r2', spec: three, image: IMAGES.good }), 900);
    expect([guardsOf(last), rollout.failed]).toEqual([[], []]);
    for (const name of CONTROL_PLANES) expect((await sight(rollout, name)).image).toBe(IMAGES.good);
    const roads = rollout.done.filter((id) => /cp-.*\/(join|replace)$/.test(id));
    expect(roads.indexOf('machine/dev-cp-3/join')).toBeLessThan(roads.indexOf('machine/dev-cp-2/replace'));
  });

  it('becomes a cluster of one again: the others leave one after the other, each before its machine is shut down', async () => {
    const rollout = await createRollout();
    await rollout.converge(wish({ revision: 'r1', spec: three }), 800);
    const before = await sight(rollout);
    const desired = wish({ revision: 'r2', spec: one });
    rollout.done.length = 0;
    const first = (await rollout.plan(desired)).steps.map(({ id }) => id);
    const last = await rollout.converge(desired, 800);
    expect([guardsOf(last), rollout.failed]).toEqual([[], []]);
    expect([...rollout.done].sort()).toEqual([...first].sort());
    expect(rollout.done.filter((id) => /cp-.*\/(remove-member|shutdown|delete)$/.test(id))).toEqual([
      'machine/dev-cp-3/remove-member',
      'machine/dev-cp-3/shutdown',
      'machine/dev-cp-3/delete',
      'machine/dev-cp-2/remove-member',
      'machine/dev-cp-2/shutdown',
      'machine/dev-cp-2/delete',
    ]);
    expect(await membersOf(rollout)).toEqual([['dev-cp-1']]);
    expect((await sight(rollout)).uids).toEqual(before.uids);
  });

  it('halts at the first whose new root disk fails, which comes back with the state disk as it is', async () => {
    const rollout = await createRollout();
    await rollout.converge(wish({ revision: 'r1', spec: three }), 800);
    await setFaults(rollout.world, [{ on: 'boot', kind: 'fail', only: IMAGES.bad }]);
    const desired = wish({ revision: 'r2', image: IMAGES.bad, spec: three });
    const back = await untilPlanned(rollout, desired, '/go-back');
    expect(back.steps.find(({ id }) => id.endsWith('/go-back'))?.action).toMatchObject({ restoresState: false });
    const last = await rollout.converge(desired, 1200);
    expect(last.blocks.map(({ target, guard }) => [target.name, guard])).toEqual([
      ['dev-cp-1', 'Quarantined'],
      ['dev-cp-2', 'RolloutHalted'],
      ['dev-cp-3', 'RolloutHalted'],
      ['dev-general-1', 'RolloutHalted'],
    ]);
    expect((await sight(rollout)).nodes.every(({ ready, unschedulable }) => ready && !unschedulable)).toBe(true);
  });

  it('whose first control plane is lost with its disks gets it back as a member, not as another cluster', async () => {
    const rollout = await createRollout();
    const desired = wish({ revision: 'r1', spec: three });
    await rollout.converge(desired, 800);
    const before = await sight(rollout);
    await rollout.world.change((hand) => {
      const domain = hand.domainNamed('dev-cp-1');
      if (!domain) return;
      hand.turnOff(domain, 'destroyed');
      hand.removeDomain(domain);
      delete hand.state.folders['dev-cp-1'];
    });
    const last = await rollout.converge(desired, 800);
    expect([guardsOf(last), rollout.failed]).toEqual([[], []]);
    expect((await sight(rollout)).uids).toEqual(before.uids);
    expect((await membersOf(rollout)).map((names) => [...names].sort())).toEqual([CONTROL_PLANES]);
  });
});
