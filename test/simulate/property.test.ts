import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Manifest, ManifestSet } from '../../src/model/manifest.ts';
import { manifestSet, raised } from '../reconcile/generate.ts';
import { OTHER_DIGEST } from '../reconcile/manifests.ts';
import { createSite } from './site.ts';

/** Over generated pairs of desired states. A failure prints the seed and path that fast-check replays. */
const RUNS = { numRuns: 12 };
/** The second revision may also bring another OS image and more memory, which take a new root disk and a restart. */
const machines = fc.record({ image: fc.boolean(), memory: fc.boolean() });
const twoRevisions = fc.tuple(manifestSet('r1'), manifestSet('r2'), machines).map(([before, after, change]) => {
  return [before, changed(after, change)] as const;
});

function changed(
  set: ManifestSet,
  { image, memory }: { readonly image: boolean; readonly memory: boolean },
): ManifestSet {
  const manifests = set.manifests.map((entry): Manifest => {
    if (entry.kind === 'Image' && image) return { ...entry, spec: { ...entry.spec, checksum: OTHER_DIGEST } };
    return entry.kind === 'MachineClass' && memory ? { ...entry, spec: { ...entry.spec, memory: '3Gi' } } : entry;
  });
  return { ...set, manifests };
}

// Generated worlds take a while on a machine that does other things beside: a bound, not an expectation.
describe('a rehearsal', { timeout: 180_000 }, () => {
  it('ends converged, or blocked by guards that it names', async () => {
    await fc.assert(
      fc.asyncProperty(twoRevisions, async ([before, after]) => {
        const site = await createSite();
        await site.rollOut(before);
        const { end } = await site.rehearse(after);
        expect(['converged', 'blocked']).toContain(end.kind);
        if (end.kind === 'blocked') expect(end.guards.length).toBeGreaterThan(0);
      }),
      RUNS,
    );
  });

  it('foretells the end, the time and who is away of what then happens', async () => {
    await fc.assert(
      fc.asyncProperty(manifestSet('r1'), machines, async (set, change) => {
        const site = await createSite();
        await site.rollOut(raised(set, 'r1', 0));
        const next = changed(raised(set, 'r2', 1), change);
        const foretold = await site.rehearse(next);
        const happened = await site.rollOut(next);
        const away = (of: typeof happened) => of.availability.map(({ kind, name, awayMs }) => [kind, name, awayMs]);
        const done = (of: typeof happened) => of.activities.map(({ id, startMs }) => [id, startMs]);
        expect(foretold.end).toEqual(happened.end);
        expect(done(foretold)).toEqual(done(happened));
        expect(away(foretold)).toEqual(away(happened));
      }),
      RUNS,
    );
  });

  it('begun in the middle of a rollout goes on from there to the same end', async () => {
    await fc.assert(
      fc.asyncProperty(manifestSet('r1'), machines, fc.nat(400_000), async (set, change, untilMs) => {
        const site = await createSite();
        const next = changed(raised(set, 'r2', 1), change);
        await site.rollOut(raised(set, 'r1', 0));
        const { end: whole } = await site.rehearse(next);
        await site.rollOut(next, untilMs);
        const { end, activities } = await site.rehearse(next);
        expect({ end, failed: activities.filter((activity) => activity.outcome === 'failed') }).toEqual({
          end: whole,
          failed: [],
        });
      }),
      RUNS,
    );
  });

  it('comes to rest whatever is new fails to come up', async () => {
    const faults = fc.constantFrom('boot', 'node-ready', 'api-start', 'upgrade', 'bootstrap');
    await fc.assert(
      fc.asyncProperty(manifestSet('r1'), machines, faults, async (set, change, fault) => {
        const site = await createSite();
        await site.rollOut(raised(set, 'r1', 0));
        const { end } = await site.rehearse(changed(raised(set, 'r2', 1), change), [fault]);
        expect(['converged', 'blocked', 'rolled-back']).toContain(end.kind);
      }),
      RUNS,
    );
  });

  it('touches neither the host nor the state folder', async () => {
    await fc.assert(
      fc.asyncProperty(twoRevisions, async ([before, after]) => {
        const site = await createSite();
        await site.rollOut(before);
        const picture = await site.picture();
        await site.rehearse(after);
        expect(await site.picture()).toEqual(picture);
      }),
      { numRuns: 6 },
    );
  });
});
