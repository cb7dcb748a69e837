import { describe, expect, it } from 'vitest';
import { addForeignDomain, destroyDomain, saveDomain } from '../../src/sim/outside.ts';
import { cluster, machine, setOf } from '../reconcile/manifests.ts';
import { createSite, type Site } from './site.ts';

const dev = (revision: string, version: string, more: Parameters<typeof cluster>[1] = {}) =>
  setOf(revision, cluster('dev', { version, ...more }));
const [before, after] = ['v1.36.3+k3s1', 'v1.36.4+k3s1'];

async function readySite(): Promise<Site> {
  const site = await createSite();
  await site.rollOut(dev('r1', before));
  return site;
}

describe('the copy of a host', () => {
  it("has other people's machines: their names and their memory", async () => {
    const site = await createSite();
    await addForeignDomain(site.world, 'jump');
    const { end, peak } = await site.rehearse(setOf('r1', machine('jump')));
    expect(end).toEqual({ kind: 'blocked', guards: ['Conflict'] });
    expect(peak.memory.peakMiB).toBe(0);
  });

  it('has what people decided: a suspended cluster is left alone', async () => {
    const site = await readySite();
    await site.workshop.records.suspend('Cluster/dev', 'migration tonight', site.clock.now());
    const { end, activities } = await site.rehearse(dev('r2', after));
    expect(end).toEqual({ kind: 'blocked', guards: ['Suspended'] });
    expect(activities.filter((activity) => activity.kind === 'step')).toEqual([]);
  });

  it('has machines as they are: one that is off is started, one that was saved goes on', async () => {
    const site = await readySite();
    await destroyDomain(site.world, 'dev-general-1');
    await saveDomain(site.world, 'dev-cp-1');
    const { end, activities } = await site.rehearse(dev('r1', before));
    expect(end).toEqual({ kind: 'converged' });
    expect(activities.map((activity) => activity.title)).toEqual(
      expect.arrayContaining(['start dev-cp-1', 'start dev-general-1']),
    );
  });

  it('takes guests that were not read for healthy, and says so', async () => {
    const site = await readySite();
    const { end, assumptions } = await site.rehearse(dev('r2', after), [], {});
    expect(end).toEqual({ kind: 'converged' });
    expect(assumptions).toEqual(['dev-cp-1, dev-general-1: not read, assumed to be healthy as noted in the mark.']);
  });

  it('lives by the same calendar: what disturbs waits for its window', async () => {
    const site = await readySite();
    const windows = [{ kind: 'allow' as const, schedule: '0 3 * * *', duration: '2h', timeZone: 'UTC' }];
    const { end, activities, availability } = await site.rehearse(dev('r2', after, { windows }));
    const opensMs = Date.UTC(2026, 0, 1, 3) - site.clock.now();
    expect(end).toEqual({ kind: 'converged' });
    expect(activities.find((activity) => activity.disruptive)?.startMs).toBeGreaterThanOrEqual(opensMs);
    expect(availability[0]?.away[0]?.startMs).toBeGreaterThan(opensMs);
  });

  it('takes times from what happened here before', async () => {
    const site = await readySite();
    const wait = {
      kind: 'wait',
      object: 'Cluster/dev',
      revision: 'r1',
      wait: 'machine/x/upgrade/done',
      overdue: false,
    } as const;
    const lines = [200_000, 300_000, 250_000].map((tookMs) =>
      JSON.stringify({ ...wait, atMs: 1, what: 'upgrade', tookMs }),
    );
    await site.files.append('/nowhere/state/history.jsonl', `${lines.join('\n')}\n`);
    const { durations, activities } = await site.rehearse(dev('r2', after));
    expect(durations.find((entry) => entry.what === 'upgrade')).toEqual({
      what: 'upgrade',
      ms: 250_000,
      from: 'history',
      samples: 3,
    });
    const upgrade = activities.find((activity) => activity.title.startsWith('upgrade dev-cp-1'));
    expect((upgrade?.endMs ?? 0) - (upgrade?.startMs ?? 0)).toBeGreaterThanOrEqual(250_000);
  });
});
