import { expect, it } from 'vitest';
import { desire } from '../../src/reconcile/desire.ts';
import { cluster, options, recipes, setOf } from './manifests.ts';
import { createRollout } from './rollout.ts';

const DAY = 86_400_000;

it('certificates are renewed in time, and the kubeconfig is published anew', async () => {
  const rollout = await createRollout({ seed: 'certificates' });
  const dev = desire(setOf('r1', cluster('dev', { workers: [] })), recipes, options);
  await rollout.converge(dev);
  const before = rollout.disk.kubeconfigs['dev'];
  const expiryMs = async () => {
    const reading = (await rollout.observe()).guests['dev-cp-1'];
    return (reading?.known && reading.value.kubernetes?.certificatesExpireAtMs) || 0;
  };
  const firstMs = await expiryMs();
  rollout.done.length = 0;
  rollout.clock.moveTo(firstMs - 40 * DAY);
  expect((await rollout.converge(dev)).steps).toEqual([]);
  expect(rollout.done).toEqual([]);
  rollout.clock.moveTo(firstMs - 29 * DAY);
  await rollout.converge(dev);
  expect(rollout.done).toEqual(['machine/dev-cp-1/renew-certificates', 'cluster/dev/kubeconfig']);
  expect(await expiryMs()).toBeGreaterThan(firstMs + 300 * DAY);
  expect(rollout.disk.kubeconfigs['dev']).not.toBe(before);
});
