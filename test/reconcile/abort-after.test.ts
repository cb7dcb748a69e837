import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { abortAfter } from '../../src/reconcile/abort-after.ts';

it('the time is up also where memory was tidied up meanwhile', async () => {
  setFlagsFromString('--expose-gc');
  const tidyUp = runInNewContext('gc') as () => void;
  const signal = abortAfter(200, new AbortController().signal);
  const end = Date.now() + 5_000;
  while (!signal.aborted && Date.now() < end) {
    tidyUp();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(signal.aborted).toBe(true);
});

it('whoever stops first stops it', () => {
  const stop = new AbortController();
  const signal = abortAfter(60_000, stop.signal);
  expect(signal.aborted).toBe(false);
  stop.abort();
  expect(signal.aborted).toBe(true);
  expect(abortAfter(60_000, stop.signal).aborted).toBe(true);
});
