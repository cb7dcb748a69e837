import { expect, it } from 'vitest';
import { setFaults } from '../../src/sim/outside.ts';
import { guardsOf, IMAGES, live, wish } from './lifecycle.ts';
import { createRollout } from './rollout.ts';

/** What a change that is held back for long does meanwhile: nothing that repeats itself. */
const HOUR_MS = 3_600_000;
const surveys = (done: readonly string[]) => done.filter((id) => id.endsWith('/survey')).length;

it('a new root disk that failed and was taken back is looked into no more, and only its failure stands in the way', async () => {
  const rollout = await createRollout();
  await rollout.converge(wish({ revision: 'r1' }));
  await setFaults(rollout.world, [{ on: 'boot', kind: 'fail', only: IMAGES.bad }]);
  const seen = new Set<string>();
  const bad = wish({ revision: 'r2', image: IMAGES.bad });
  for (let turns = 0; turns < 60; turns += 1)
    for (const guard of guardsOf(await live(rollout, bad, 60_000))) seen.add(guard);
  expect(rollout.done).toContain('machine/dev-cp-1/drop-failed');
  expect([...seen].filter((guard) => guard === 'GuestAgentConnected')).toEqual([]);
  const before = surveys(rollout.done);
  const last = await live(rollout, bad, 3 * HOUR_MS);
  expect([guardsOf(last), surveys(rollout.done)]).toEqual([['Quarantined'], before]);
});

it('a new root disk that waits for its window is looked into at once, and again when the window opens', async () => {
  const rollout = await createRollout();
  const hour = (new Date(rollout.clock.now()).getUTCHours() + 6) % 24;
  const spec = { windows: [{ kind: 'allow' as const, schedule: `0 ${hour} * * *`, duration: '2h', timeZone: 'UTC' }] };
  await rollout.converge(wish({ revision: 'r1', spec }));
  const desired = wish({ revision: 'r2', image: IMAGES.good, spec });
  const held = await live(rollout, desired, 4 * HOUR_MS);
  expect([guardsOf(held), surveys(rollout.done)]).toEqual([['WindowOpen'], 1]);
  const last = await live(rollout, desired, 3 * HOUR_MS);
  expect([guardsOf(last), surveys(rollout.done)]).toEqual([[], 2]);
});
