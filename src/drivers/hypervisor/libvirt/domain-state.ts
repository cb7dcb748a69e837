import type { DomainState } from '../../../model/observed.ts';

/** State and reason of one domain in words. */
export interface StateReading {
  readonly state: DomainState;
  readonly reason: string;
}

/** By number, as `virsh domstats --state` gives them; the words are virsh's own (virDomainState and its reasons). */
const states: readonly { readonly state: DomainState; readonly reasons: readonly string[] }[] = [
  { state: 'unknown', reasons: ['unknown'] },
  {
    state: 'running',
    reasons: [
      'unknown',
      'booted',
      'migrated',
      'restored',
      'from snapshot',
      'unpaused',
      'migration canceled',
      'save canceled',
      'event wakeup',
      'crashed',
      'post-copy',
      'post-copy failed',
    ],
  },
  // "Blocked" is running, waiting for a resource; only Xen says so.
  { state: 'running', reasons: ['unknown'] },
  {
    state: 'paused',
    reasons: [
      'unknown',
      'user',
      'migrating',
      'saving',
      'dumping',
      'I/O error',
      'watchdog',
      'from snapshot',
      'shutting down',
      'creating snapshot',
      'crashed',
      'starting up',
      'post-copy',
      'post-copy failed',
      'api error',
    ],
  },
  { state: 'shutdown', reasons: ['unknown', 'user'] },
  {
    state: 'shut off',
    reasons: ['unknown', 'shutdown', 'destroyed', 'crashed', 'migrated', 'saved', 'failed', 'from snapshot', 'daemon'],
  },
  { state: 'crashed', reasons: ['unknown', 'panicked'] },
  { state: 'pmsuspended', reasons: ['unknown'] },
];

/** States by domain name from `virsh domstats --state`. */
export function parseStates(stats: string): ReadonlyMap<string, StateReading> {
  const found = new Map<string, StateReading>();
  for (const block of stats.split(/^Domain: /m).slice(1)) {
    const name = /^'(.*)'$/m.exec(block)?.[1];
    const known = states[Number(/state\.state=(\d+)/.exec(block)?.[1] ?? 0)] ?? states[0];
    const reason = known?.reasons[Number(/state\.reason=(\d+)/.exec(block)?.[1] ?? 0)] ?? 'unknown';
    if (name !== undefined && known) found.set(name, { state: known.state, reason });
  }
  return found;
}
