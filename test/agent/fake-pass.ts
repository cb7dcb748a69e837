import { EMPTY_LEDGER } from '../../src/model/ledger.ts';
import type { Log } from '../../src/model/ports.ts';
import type { PassResult } from '../../src/reconcile/reconcile.ts';

export const quiet: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };

/** The result of a pass that found nothing desired and did what it is said to have done. */
export function passResult(done: readonly string[] = [], lookAgainAtMs: number | null = null): PassResult {
  const plan = { revision: 'r1', atMs: 0, steps: [], waits: [], blocks: [], notes: [], health: {}, lookAgainAtMs };
  return {
    source: { url: 'x', lastGoodRevision: 'r1', lastAttemptedRevision: 'r1', problem: null, checkedAtMs: 0 },
    world: { plan } as unknown as PassResult['world'],
    outcomes: done.map((step) => ({ step, state: 'done', atMs: 0 })),
    ledger: EMPTY_LEDGER,
    startedAtMs: 0,
    endedAtMs: 0,
  };
}

/** Asks until it is so; fails at the deadline. */
export async function until(isSo: () => boolean, deadlineMs = 10_000): Promise<void> {
  const endMs = Date.now() + deadlineMs;
  while (!isSo()) {
    if (Date.now() > endMs) throw new Error('not so in time');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
