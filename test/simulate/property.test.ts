import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { manifestSet, raised } from '../reconcile/generate.ts';
import { createSite } from './site.ts';

/** Over generated pairs of desired states. A failure prints the seed and path that fast-check replays. */
const RUNS = { numRuns: 12 };
const twoRevisions = fc.tuple(manifestSet('r1'), manifestSet('r2'));

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
      fc.asyncProperty(manifestSet('r1'), async (set) => {
        const site = await createSite();
        await site.rollOut(raised(set, 'r1', 0));
        const foretold = await site.rehearse(raised(set, 'r2', 1));
        const happened = await site.rollOut(raised(set, 'r2', 1));
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
      fc.asyncProperty(manifestSet('r1'), fc.nat(300_000), async (set, untilMs) => {
        const site = await createSite();
        await site.rollOut(raised(set, 'r1', 0));
        await site.rollOut(raised(set, 'r2', 1), untilMs);
        const { end, activities } = await site.rehearse(raised(set, 'r2', 1));
        expect({ end, failed: activities.filter((activity) => activity.outcome === 'failed') }).toEqual({
          end: { kind: 'converged' },
          failed: [],
        });
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
