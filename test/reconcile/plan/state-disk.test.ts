import { expect, it } from 'vitest';
import type { GuestStateDisk } from '../../../src/model/guest-status.ts';
import { desire } from '../../../src/reconcile/desire.ts';
import { cluster, options, recipes, setOf } from '../manifests.ts';
import { clusterWorld } from './guests.ts';
import { planAt } from './world.ts';

const dev = (version: string) => desire(setOf('r', cluster('dev', { version, workers: [] })), recipes, options);
const before = dev('v1.36.3+k3s1');

it.each<GuestStateDisk>(['missing', 'foreign', 'blank-refused'])(
  'nothing is brought up, upgraded or waited for in a guest whose state disk is %s: a person is asked',
  (stateDisk) => {
    const kubernetes = { phase: 'installed' as const, apiReady: false, nodes: [] };
    const world = clusterWorld(before, { 'dev-cp-1': { status: { stateDisk }, kubernetes } });
    for (const desired of [before, dev('v1.36.4+k3s1')]) {
      const made = planAt(desired, world);
      expect([made.steps, made.waits]).toEqual([[], []]);
      expect(made.blocks.map((block) => [block.target.name, block.guard])).toEqual([['dev-cp-1', 'StateDisk']]);
    }
  },
);

it('while cloud-init is at work the state disk may still come', () => {
  const status = { stateDisk: 'missing' as const, cloudInit: 'running' as const };
  const made = planAt(before, clusterWorld(before, { 'dev-cp-1': { status, kubernetes: { phase: 'absent' } } }));
  expect(made.blocks).toEqual([]);
});
