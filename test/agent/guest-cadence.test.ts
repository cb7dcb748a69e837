import { expect, it } from 'vitest';
import { cadenceOf, createReadingFilter } from '../../src/agent/guest-cadence.ts';
import type { GuestStatus } from '../../src/model/guest-status.ts';
import type { Plan } from '../../src/model/plan.ts';

function statusWith(heartbeatAgeMs: number, version: string): GuestStatus {
  const node = { name: 'n', ready: true, version, heartbeatAgeMs };
  return { program: 'p', kubernetes: { nodes: [node] } } as unknown as GuestStatus;
}
const known = (value: GuestStatus, atMs = 0) => ({ known: true, value, atMs }) as const;

it('reads the guests that running waits name, as often as the most impatient asks', () => {
  const wait = (guest: string | null, pollMs: number, needs: string[] = []) => ({ guest, pollMs, needs });
  const waits = [wait('a', 5000), wait('a', 3000), wait('b', 1000, ['x']), wait(null, 10)];
  expect(cadenceOf({ waits } as unknown as Plan)).toEqual({ a: 3000 });
});

it('takes a reading for news when it says something else, not when only time has passed', () => {
  const filter = createReadingFilter();
  expect(filter.isNews('a', known(statusWith(1, 'v1')))).toBe(true);
  expect(filter.isNews('a', known(statusWith(9000, 'v1'), 9000))).toBe(false);
  expect(filter.isNews('a', known(statusWith(1, 'v2')))).toBe(true);
  expect(filter.isNews('a', { known: false, reason: 'silent', atMs: 1 })).toBe(true);
});

it('takes every reading for news that somebody waits for', () => {
  const filter = createReadingFilter();
  filter.isNews('a', known(statusWith(1, 'v1')));
  filter.await(['a']);
  expect(filter.isNews('a', known(statusWith(2, 'v1')))).toBe(true);
  filter.await([]);
  expect(filter.isNews('a', known(statusWith(3, 'v1')))).toBe(false);
});
