import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Desired } from '../../src/model/desired.ts';
import type { ManifestSet } from '../../src/model/manifest.ts';
import { desire } from '../../src/reconcile/desire.ts';
import { hasQuorum } from '../../src/sim/quorum.ts';
import { distributions, programs } from './drivers.ts';
import { severalSets } from './generate.ts';
import { options } from './manifests.ts';
import { createRollout, type Rollout } from './rollout.ts';

/** What a cluster of several control planes keeps while it is made, grows, shrinks, gets new root disks and is upgraded, without faults. */
const recipes = { k3s: distributions.k3s.recipe, kubeadm: distributions.kubeadm.recipe };
const want = (set: ManifestSet): Desired => desire(set, recipes, { ...options, programs });

/** Looks at the world after each pass; between two looks no state of it is passed over. Throws at the first that may not be. */
function watchMajority(rollout: Rollout): () => Promise<void> {
  let wasWhole = false;
  return async () => {
    const seen = await rollout.world.look(({ state, isServing }) =>
      Object.values(state.clusters).map((cluster) => ({
        members: cluster.controlPlanes.length,
        hasQuorum: hasQuorum(state, cluster),
        away: cluster.controlPlanes
          .map((uuid) => state.domains[uuid])
          .filter((domain) => domain === undefined || !isServing(domain))
          .map((domain) => domain?.name),
      })),
    );
    expect(seen.length).toBeLessThanOrEqual(1);
    for (const { members, hasQuorum: holds, away } of seen) {
      if (members < 3) wasWhole = false;
      else if (away.length === 0) wasWhole = true;
      // One that joins is a member before it serves.
      if (!wasWhole) continue;
      expect({ holds, away: away.length > 1 ? away : 'at most one' }).toEqual({ holds: true, away: 'at most one' });
    }
  };
}

describe('laws of several control planes', { timeout: 480_000 }, () => {
  it('its datastore keeps its majority, no two control planes are away at once, and it never becomes two clusters', async () => {
    await fc.assert(
      fc.asyncProperty(severalSets, async ([first, second]) => {
        const rollout = await createRollout();
        const look = watchMajority(rollout);
        await rollout.converge(want(first), undefined, look);
        const wanted = want(second);
        const last = await rollout.converge(wanted, undefined, look);
        expect([rollout.failed, last.blocks]).toEqual([[], []]);
        const members = await rollout.world.look(({ state }) =>
          Object.values(state.clusters).map(({ controlPlanes }) => controlPlanes.length),
        );
        expect(members).toEqual(wanted.clusters.map(({ controlPlanes }) => controlPlanes.length));
      }),
      { numRuns: 12 },
    );
  });
});
