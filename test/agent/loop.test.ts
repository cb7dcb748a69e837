import { afterEach, expect, it, vi } from 'vitest';
import { createLoop, type LoopParts } from '../../src/agent/loop.ts';
import { passResult, quiet, until } from './fake-pass.ts';

afterEach(() => {
  vi.useRealTimers();
});

function loopOf(parts: Partial<LoopParts>) {
  const stop = new AbortController();
  const loop = createLoop({
    clock: { now: () => 0 },
    log: quiet,
    speed: 1,
    pass: async () => passResult(),
    onPass: async () => undefined,
    onError: () => undefined,
    onAlive: () => undefined,
    aliveMs: 60_000,
    ...parts,
  });
  return { loop, stop, running: loop.run(stop.signal) };
}

it('runs one pass at a time, and one more for all who asked during it', async () => {
  let at = 0;
  let most = 0;
  let passes = 0;
  let release = (): void => {};
  const { loop, stop, running } = loopOf({
    pass: async () => {
      passes += 1;
      at += 1;
      most = Math.max(most, at);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      at -= 1;
      return passResult();
    },
  });
  await until(() => passes === 1);
  for (let count = 0; count < 10; count += 1) loop.request('event');
  release();
  await until(() => passes === 2);
  stop.abort();
  release();
  await running;
  expect([passes, most]).toEqual([2, 1]);
});

it('tells who asks the number of a pass that began after they asked', async () => {
  let passes = 0;
  let release = (): void => {};
  const { loop, stop, running } = loopOf({
    pass: async () => {
      passes += 1;
      if (passes === 1) {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      }
      return passResult();
    },
  });
  await until(() => passes === 1);
  const answered = loop.requested('a person');
  release();
  expect(await answered).toBe(2);
  stop.abort();
  await running;
});

it('goes on after a pass that ended in an error, and tells of it', async () => {
  const told: unknown[] = [];
  let passes = 0;
  const { stop, running } = loopOf({
    speed: 1000,
    pass: async () => {
      passes += 1;
      if (passes < 3) throw new Error(`broken ${passes}`);
      return passResult();
    },
    onError: (thrown) => told.push((thrown as Error).message),
  });
  await until(() => passes === 3);
  stop.abort();
  await running;
  expect(told).toEqual(['broken 1', 'broken 2']);
});

it('ends the pass under way when it is stopped, and begins no other', async () => {
  let passes = 0;
  let ended = false;
  const { loop, stop, running } = loopOf({
    pass: async (signal) => {
      passes += 1;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      ended = true;
      return passResult(['a']);
    },
  });
  await until(() => passes === 1);
  const answered = loop.requested('a person');
  stop.abort();
  await running;
  expect([passes, ended, await answered]).toEqual([1, true, null]);
});

it('gives signs of life at rest, and none while a pass hangs', async () => {
  vi.useFakeTimers();
  let signs = 0;
  let passes = 0;
  let release = (): void => {};
  const { loop, stop, running } = loopOf({
    aliveMs: 1000,
    onAlive: () => {
      signs += 1;
    },
    pass: async () => {
      passes += 1;
      if (passes === 2) {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      }
      return passResult();
    },
  });
  await vi.advanceTimersByTimeAsync(5100);
  expect(signs).toBe(6);
  loop.request('event');
  await vi.advanceTimersByTimeAsync(100);
  expect(passes).toBe(2);
  const before = signs;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(signs).toBe(before);
  release();
  await vi.advanceTimersByTimeAsync(2000);
  expect(signs).toBeGreaterThan(before);
  stop.abort();
  await running;
});
