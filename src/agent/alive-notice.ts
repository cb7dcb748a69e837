import type { Notifier } from './agent-parts.ts';

/**
 * Tells the service manager of a sign of life. Passes may follow each other closely; it is told at most as often as it asks for. Measured by a clock that
 * nobody sets.
 */
export function aliveNotice(notifier: Pick<Notifier, 'watchdogIntervalMs' | 'watchdog'>): () => void {
  let toldAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    const everyMs = notifier.watchdogIntervalMs;
    const nowMs = performance.now();
    if (everyMs === null || nowMs - toldAtMs < everyMs / 2) return;
    toldAtMs = nowMs;
    void notifier.watchdog();
  };
}
