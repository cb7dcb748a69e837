import { describe, expect, it } from 'vitest';
import { desire } from '../../../src/reconcile/desire.ts';
import { debianImage, machine, OTHER_DIGEST, options, recipes, setOf, smallClass } from '../manifests.ts';
import { domainFor, guards, observed, planAt, stepIds } from './world.ts';

const desired = desire(setOf('r1', machine('jump')), recipes, options);
const [jump] = desired.machines;
if (!jump) throw new Error('the manifests hold a machine');
const off = domainFor(desired, jump, { state: 'shut off', live: null, agent: 'absent' });

describe('an image that has vanished from the store', () => {
  it('is fetched again before a machine whose disk stands on it is started', () => {
    const made = planAt(desired, observed({ domains: [off] }));
    expect(stepIds(made)).toEqual(['image/debian-13/fetch', 'machine/jump/start']);
    expect(made.steps.at(-1)?.needs).toEqual(['image/debian-13/present']);
  });

  it('holds back the start, and says why, where no manifest tells where it comes from', () => {
    const manifests = [smallClass(), debianImage(OTHER_DIGEST), machine('jump')];
    const other = desire({ ...setOf('r2'), manifests }, recipes, options);
    const made = planAt(other, observed({ domains: [off] }));
    expect(stepIds(made)).not.toContain('machine/jump/start');
    expect(guards(made)).toContain('ImageReady');
  });

  it('is not missed while the machine runs, or should not run', () => {
    expect(stepIds(planAt(desired, observed({ domains: [domainFor(desired, jump)] })))).toEqual([]);
    const parked = desire(setOf('r1', machine('jump', { powerState: 'Off' })), recipes, options);
    const still = { ...off, autostart: false };
    expect(stepIds(planAt(parked, observed({ domains: [still] })))).toEqual([]);
  });
});
