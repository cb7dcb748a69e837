import { toKreError } from '../model/error.ts';
import type { Clock, Log } from '../model/ports.ts';
import type { PassResult } from '../reconcile/reconcile.ts';
import { createRhythm } from './rhythm.ts';

/** Rest between two passes even when many ask: a burst of events makes one pass. */
const BREATH_MS = 50;

export interface LoopParts {
  readonly clock: Clock;
  readonly log: Log;
  /** One pass; after `signal` aborts it begins no step any more. */
  readonly pass: (signal: AbortSignal) => Promise<PassResult>;
  /** Called after each pass that came to its end. */
  readonly onPass: (result: PassResult, pass: number) => Promise<void>;
  /** Called after each pass that ended in an error. */
  readonly onError: (thrown: unknown) => void;
  /** A sign of life: a pass has ended, or the loop rests because there is nothing to do. Never called while a pass hangs. */
  readonly onAlive: () => void;
  /** The longest time between two signs of life at rest, ms. */
  readonly aliveMs: number;
  /** How fast the clock runs against the wall clock. */
  readonly speed: number;
}

/** Runs passes one after the other. Whoever wants one asks; many who ask during a pass get one more pass together. */
export interface Loop {
  /** Asks for a pass. `why` goes to the log and nowhere else. */
  request(why: string): void;
  /** Asks for a pass, and resolves with its number when it has ended (or ended in an error); with `null` if the loop stops first. */
  requested(why: string): Promise<number | null>;
  /** Runs until `signal` aborts and the pass under way has ended. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

export function createLoop(parts: LoopParts): Loop {
  const rhythm = createRhythm();
  let asked: string | null = 'start';
  let wake = (): void => {};
  let waiting: ((pass: number | null) => void)[] = [];
  let pass = 0;

  const request = (why: string): void => {
    asked ??= why;
    wake();
  };
  const onePass = async (signal: AbortSignal): Promise<number> => {
    const served = waiting;
    waiting = [];
    parts.log.debug({ pass, why: asked ?? 'timer' }, 'pass begins');
    asked = null;
    try {
      const result = await parts.pass(signal);
      await parts.onPass(result, pass);
      return rhythm.after(result, parts.clock.now());
    } catch (thrown) {
      parts.log.error({ error: toKreError(thrown) }, 'pass ended in an error, it is tried again');
      parts.onError(thrown);
      return rhythm.afterError();
    } finally {
      for (const resolve of served) resolve(pass);
    }
  };
  const rest = async (restMs: number, signal: AbortSignal): Promise<void> => {
    await sleep(Math.min(restMs, BREATH_MS), signal, () => {});
    for (let leftMs = restMs - BREATH_MS; leftMs > 0 && asked === null && !signal.aborted; leftMs -= parts.aliveMs) {
      await sleep(Math.min(leftMs, parts.aliveMs), signal, (stop) => {
        wake = stop;
      });
      wake = () => {};
      parts.onAlive();
    }
  };
  return {
    request,
    requested: (why) => {
      const ended = new Promise<number | null>((resolve) => waiting.push(resolve));
      request(why);
      return ended;
    },
    async run(signal) {
      while (!signal.aborted) {
        pass += 1;
        const restMs = await onePass(signal);
        parts.onAlive();
        await rest(Math.max(BREATH_MS, restMs / parts.speed), signal);
      }
      for (const resolve of waiting.splice(0)) resolve(null);
    },
  };
}

/** Ends after `ms`, when `signal` aborts, or when the function handed to `onStart` is called. */
function sleep(ms: number, signal: AbortSignal, onStart: (stop: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    onStart(done);
  });
}
