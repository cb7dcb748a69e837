import { afterEach, expect, it, vi } from 'vitest';
import { followSource, type SourceFollower } from '../../src/agent/follow-source.ts';
import type { DesiredState, SourceKeeper } from '../../src/source/keeper.ts';
import type { Source } from '../../src/source/source.ts';
import { quiet, until } from './fake-pass.ts';

let follower: SourceFollower | null = null;
afterEach(async () => {
  vi.useRealTimers();
  await follower?.stop();
});

function scene(pollMs: number, state: () => Partial<DesiredState>) {
  const calls = { refreshes: 0, changes: 0, poke: () => {} };
  const keeper: Partial<SourceKeeper> = {
    refresh: async () => {
      calls.refreshes += 1;
      await new Promise((resolve) => setImmediate(resolve));
      return { enforced: null, attempted: null, problem: null, checkedAtMs: 0, ...state() };
    },
  };
  const source: Partial<Source> = {
    pollMs,
    watch: (onPoke) => {
      calls.poke = onPoke;
      return { ready: Promise.resolve(), stop: () => Promise.resolve() };
    },
  };
  follower = followSource({
    source: source as Source,
    keeper: keeper as SourceKeeper,
    log: quiet,
    accepted: async () => [],
    onChange: () => {
      calls.changes += 1;
    },
    random: () => 0.5,
  });
  return { calls, follower };
}

it('asks for a pass when something about the source is new, and only then', async () => {
  let attempted = 'r1';
  const { calls, follower } = scene(600_000, () => ({ attempted }));
  await follower.look();
  await follower.look();
  expect([calls.refreshes, calls.changes]).toEqual([2, 1]);
  attempted = 'r2';
  await follower.look();
  expect(calls.changes).toBe(2);
});

it('looks again after a poke that came during a look', async () => {
  const { calls, follower } = scene(600_000, () => ({}));
  const first = follower.look();
  calls.poke();
  await first;
  await until(() => calls.refreshes === 2);
});

it('says nothing of a look that its own end cut short', async () => {
  const { calls, follower } = scene(600_000, () => ({ attempted: 'r1' }));
  const looking = follower.look();
  await follower.stop();
  await looking;
  expect([calls.refreshes, calls.changes]).toEqual([1, 0]);
});

it('polls by itself, and not any more once it is stopped', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { calls, follower } = scene(15_000, () => ({}));
  await follower.look();
  await vi.advanceTimersByTimeAsync(15_000);
  await until(() => calls.refreshes === 2);
  await follower.stop();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(calls.refreshes).toBe(2);
});
