import { expect, it } from 'vitest';
import { aliveNotice } from '../../src/agent/alive-notice.ts';

it('tells the service manager at most as often as it asks for, and never where there is no watchdog', () => {
  let told = 0;
  const watchdog = async (): Promise<void> => {
    told += 1;
  };
  const often = aliveNotice({ watchdogIntervalMs: 60_000, watchdog });
  for (let pass = 0; pass < 100; pass += 1) often();
  expect(told).toBe(1);
  aliveNotice({ watchdogIntervalMs: null, watchdog })();
  expect(told).toBe(1);
});
