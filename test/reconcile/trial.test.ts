import { describe, expect, it } from 'vitest';
import type { Desired } from '../../src/model/desired.ts';
import { setFaults } from '../../src/sim/outside.ts';
import { createObject, guardsOf, IMAGES, live, sight, wish } from './lifecycle.ts';
import { createRollout, type Rollout } from './rollout.ts';

const TRIAL_MS = 25 * 60_000;

/** Until the machine was started on its new root disk, and is not proven on it yet. */
async function untilOnTrial(rollout: Rollout, desired: Desired): Promise<void> {
  const { done } = rollout;
  const isReplaced = () => done.includes('machine/dev-cp-1/replace');
  for (let passes = 0; passes < 600 && !isReplaced(); passes += 1) {
    await rollout.pass(desired);
    const next = await rollout.plan(desired);
    if (next.steps.some(({ needs }) => needs.length === 0)) continue;
    const eventAtMs = (await rollout.world.nextEventAtMs()) ?? Number.POSITIVE_INFINITY;
    rollout.clock.moveTo(Math.max(rollout.clock.now() + 1, Math.min(eventAtMs, next.lookAgainAtMs ?? eventAtMs)));
  }
  await rollout.pass(desired);
  expect(done.at(-1)).toBe('machine/dev-cp-1/start');
  expect((await sight(rollout)).mark).toMatchObject({ generation: 2, provenAtMs: null });
}

/** A cluster whose only node has just started on another root disk. */
async function onTrial(): Promise<{ readonly rollout: Rollout; readonly desired: Desired }> {
  const rollout = await createRollout();
  await rollout.converge(wish({ revision: 'r1' }));
  const desired = wish({ revision: 'r2', image: IMAGES.good });
  rollout.done.length = 0;
  await untilOnTrial(rollout, desired);
  return { rollout, desired };
}

function suspend(rollout: Rollout, scopes: readonly string[]): void {
  const atMs = rollout.clock.now();
  const suspensions = Object.fromEntries(scopes.map((scope) => [scope, { reason: 'an operator looks into it', atMs }]));
  rollout.disk.records = { ...rollout.disk.records, suspensions };
}

describe.each(['agent', 'Cluster/dev', 'Node/dev-cp-1'])('%s suspended while a new root disk is on trial', (scope) => {
  it('costs it nothing: the time does not count against it, and what it wrote stays', async () => {
    const { rollout, desired } = await onTrial();
    suspend(rollout, [scope]);
    const held = await live(rollout, desired, TRIAL_MS - 20_000);
    expect([guardsOf(held), (await sight(rollout)).mark.provenAtMs]).toEqual([['Suspended'], null]);
    await createObject(rollout);
    rollout.clock.moveTo(rollout.clock.now() + 30_000);
    suspend(rollout, []);
    await rollout.converge(desired);
    const after = await sight(rollout);
    expect([after.image, after.mark.quarantined, after.objects]).toEqual([
      IMAGES.good,
      [],
      [['configmaps/default/kept']],
    ]);
  });
});

describe('a new root disk under a node that is well', () => {
  it('stays though that cannot be noted in time: nothing that was written is lost for it', async () => {
    const { rollout, desired } = await onTrial();
    await setFaults(rollout.world, [{ on: 'replaceSeed', kind: 'error' }]);
    await live(rollout, desired, TRIAL_MS + 10 * 60_000);
    expect((await sight(rollout)).mark).toMatchObject({ generation: 2, provenAtMs: null, quarantined: [] });
    await setFaults(rollout.world, []);
    await rollout.converge(desired);
    expect((await sight(rollout)).mark).toMatchObject({
      generation: 2,
      provenAtMs: expect.any(Number),
      quarantined: [],
    });
  });
});
