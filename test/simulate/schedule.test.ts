import { expect, it } from 'vitest';
import { cluster, setOf } from '../reconcile/manifests.ts';
import { createSite } from './site.ts';

/** Backups on schedule go on for ever: a rehearsal neither waits for their end nor takes them for a circle. */
const MINUTE_MS = 60_000;
const backup = { schedule: '*/20 * * * *' };

it('comes to rest where a guard forbids what is left, though backups go on', async () => {
  const site = await createSite();
  await site.rollOut(setOf('r1', cluster('dev', { version: 'v1.36.3+k3s1', workers: [], backup })));
  const changed = setOf('r2', cluster('dev', { version: 'v1.36.4+k3s1', workers: [], backup }));
  const simulation = await site.rehearse(changed, ['upgrade:dev-cp-1']);
  expect(simulation.end).toMatchObject({ kind: 'rolled-back', guards: ['Quarantined'] });
  expect(simulation.tookMs).toBeLessThan(30 * MINUTE_MS);
});

it('waits for a window half a day away, with a backup every 20 minutes', async () => {
  const site = await createSite();
  await site.rollOut(setOf('r1', cluster('dev', { version: 'v1.36.3+k3s1', workers: [], backup })));
  const hour = (new Date(site.clock.now()).getUTCHours() + 14) % 24;
  const windows = [{ kind: 'allow' as const, schedule: `0 ${hour} * * *`, duration: '2h', timeZone: 'UTC' }];
  const changed = setOf('r2', cluster('dev', { version: 'v1.36.4+k3s1', workers: [], backup, windows }));
  const simulation = await site.rehearse(changed);
  expect(simulation.end).toEqual({ kind: 'converged' });
  expect(simulation.tookMs).toBeGreaterThan(10 * 60 * MINUTE_MS);
});
