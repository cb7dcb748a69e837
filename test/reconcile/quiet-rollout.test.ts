import { expect, it } from 'vitest';
import { IMAGES, wish } from './lifecycle.ts';
import { createRollout } from './rollout.ts';

/** Every guard that any pass names on the way to what is wanted. */
it('names no guard while a rollout goes as it should, however slowly its guests boot', async () => {
  const rollout = await createRollout({ durations: { boot: 150_000 } });
  const workers = [{ name: 'general', replicas: 2, machineClass: 'small' }];
  await rollout.converge(wish({ revision: 'r1', spec: { distribution: 'kubeadm', version: 'v1.36.1', workers } }));
  const spec = { distribution: 'kubeadm', version: 'v1.36.3', workers } as const;
  const desired = wish({ revision: 'r2', image: IMAGES.good, spec });
  const named = new Set<string>();
  let isOver = false;
  for (let passes = 0; passes < 600 && !isOver; passes += 1) {
    const { plan } = await rollout.turn(desired);
    for (const { guard, target, reason } of plan.blocks) named.add(`${guard} ${target.name}: ${reason}`);
    isOver = plan.steps.length === 0 && plan.waits.every(({ needs }) => needs.length > 0);
    if (plan.steps.some(({ needs }) => needs.length === 0)) continue;
    const eventAtMs = (await rollout.world.nextEventAtMs()) ?? Number.POSITIVE_INFINITY;
    rollout.clock.moveTo(Math.max(rollout.clock.now() + 1, Math.min(eventAtMs, plan.lookAgainAtMs ?? eventAtMs)));
  }
  expect([isOver, [...named]]).toEqual([true, []]);
});
