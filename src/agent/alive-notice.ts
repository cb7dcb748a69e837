import type { Clock } from '../model/ports.ts';
import type { Notifier } from './agent-parts.ts';

/** Tells the service manager of a sign of life. Passes may follow each other closely; it is told at most as often as it asks for. */
export function aliveNotice(clock: Clock, notifier: Pick<Notifier, 'watchdogIntervalMs' | 'watchdog'>): () => void {
  let toldAtMs = 0;
  return () => {
    const everyMs = notifier.watchdogIntervalMs;
    if (everyMs === null || clock.now() - toldAtMs < everyMs / 2) return;
    toldAtMs = clock.now();
    void notifier.watchdog();
  };
}
