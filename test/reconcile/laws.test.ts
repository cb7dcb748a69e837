import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Desired } from '../../src/model/desired.ts';
import type { ManifestSet } from '../../src/model/manifest.ts';
import type { Plan } from '../../src/model/plan.ts';
import { desire } from '../../src/reconcile/desire.ts';
import { plan } from '../../src/reconcile/plan/index.ts';
import { distributions, programs } from './drivers.ts';
import { ground, manifestSet, raised } from './generate.ts';
import { options } from './manifests.ts';
import { picture } from './picture.ts';
import { Crash, createRollout, type Rollout } from './rollout.ts';

/**
 * The plan laws of the design, over generated worlds: each begins empty, takes one revision, then another, on the simulator with a virtual
 * clock. A failure prints the seed and path that fast-check replays.
 */
const recipes = { k3s: distributions.k3s.recipe, kubeadm: distributions.kubeadm.recipe };
const want = (set: ManifestSet): Desired => desire(set, recipes, { ...options, programs });
const RUNS = { numRuns: 30 };
/** Whole rollouts with new root disks in them, on a machine that has other work too. */
const PATIENCE_MS = 480_000;
const twoRevisions = fc.tuple(manifestSet('r1'), manifestSet('r2'));

async function rolledOut(...sets: ManifestSet[]): Promise<Rollout> {
  const rollout = await createRollout();
  for (const set of sets) await rollout.converge(want(set));
  return rollout;
}

/** Every world on the way from nothing through the revisions to rest, as seen by the planner before each pass. */
async function eachPlan(
  sets: readonly ManifestSet[],
  visit: (made: Plan, rollout: Rollout, desired: Desired) => Promise<void> | void,
): Promise<void> {
  const rollout = await createRollout();
  for (const set of sets) {
    const desired = want(set);
    for (let passes = 0; passes < 12; passes += 1) {
      await visit(await rollout.plan(desired), rollout, desired);
      await rollout.pass(desired);
      const next = await rollout.world.nextEventAtMs();
      if (next !== null) rollout.clock.moveTo(next);
    }
    await rollout.converge(desired);
  }
}

describe('plan laws', { timeout: PATIENCE_MS }, () => {
  it('1: the same inputs give the same plan, in whatever order they come', async () => {
    await fc.assert(
      fc.asyncProperty(twoRevisions, fc.infiniteStream(fc.nat()), async (sets, chance) => {
        await eachPlan(sets, async (made, rollout, desired) => {
          const observed = await rollout.observe();
          if (!observed.inventory.known) return;
          const shuffle = <T>(list: readonly T[]): T[] =>
            list
              .map((value) => ({ value, key: chance.next().value ?? 0 }))
              .sort((a, b) => a.key - b.key)
              .map(({ value }) => value);
          const inventory = observed.inventory.value;
          const shuffled = {
            ...inventory,
            domains: shuffle(inventory.domains),
            images: shuffle(inventory.images),
            folders: shuffle(inventory.folders),
            networks: shuffle(inventory.networks),
            operations: shuffle(inventory.operations),
          };
          const mixed = {
            ...desired,
            machines: shuffle(desired.machines),
            clusters: shuffle(desired.clusters),
            images: shuffle(desired.images),
          };
          const again = plan(
            mixed,
            { ...observed, inventory: { ...observed.inventory, value: shuffled } },
            rollout.disk.ledger,
            rollout.clock.now(),
          );
          expect(again).toEqual(made);
        });
      }),
      { numRuns: 15 },
    );
  });

  it('2: passes reach rest within a bound', async () => {
    await fc.assert(
      fc.asyncProperty(twoRevisions, async (sets) => {
        const rollout = await rolledOut(...sets);
        expect(rollout.failed).toEqual([]);
      }),
      RUNS,
    );
  });

  it('3: an agent that ends before, in or after any act leaves the same end', async () => {
    const crash = fc.record({
      after: fc.nat(40),
      phase: fc.constantFrom('before' as const, 'within' as const, 'after' as const),
    });
    await fc.assert(
      fc.asyncProperty(
        manifestSet('r1'),
        ground,
        fc.array(crash, { minLength: 1, maxLength: 3 }),
        async (set, under, crashes) => {
          const sets = [raised(set, 'r1', 0), raised(set, 'r2', 1, under)];
          const expected = await picture(await rolledOut(...sets));
          const rollout = await createRollout();
          const pending = [...crashes];
          let acts = 0;
          rollout.onAct = (_act, phase) => {
            const [next] = pending;
            if (!next || phase !== next.phase) return;
            acts += 1;
            if (acts <= next.after) return;
            acts = 0;
            pending.shift();
            throw new Crash();
          };
          for (const entry of sets) await rollout.converge(want(entry));
          expect(await picture(rollout)).toEqual(expected);
        },
      ),
      RUNS,
    );
  });

  it('4: nothing destructive or disruptive for what is not ours, or against its own policy', async () => {
    await fc.assert(
      fc.asyncProperty(twoRevisions, async (sets) => {
        await eachPlan(sets, async (made, rollout) => {
          const observed = await rollout.observe();
          const domains = observed.inventory.known ? observed.inventory.value.domains : [];
          for (const step of made.steps.filter((entry) => entry.destructive || entry.disruptive)) {
            const domain = domains.find((entry) => entry.name === step.target.name);
            if (!domain) continue;
            expect(domain.mark).toMatchObject({ owner: 'kreconcile' });
            if (step.action.kind === 'delete-machine' && domain.mark !== null && domain.mark !== 'unreadable')
              expect(domain.mark.prune).toBe('Enabled');
          }
        });
      }),
      { numRuns: 15 },
    );
  });

  it('5: nothing destructive or disruptive for an unknown reason; a silent guest is never upgraded', async () => {
    await fc.assert(
      fc.asyncProperty(manifestSet('r1'), ground, async (set, under) => {
        const rollout = await rolledOut(raised(set, 'r1', 1));
        const desired = want(raised(set, 'r2', 2, under));
        const observed = await rollout.observe();
        const silent = Object.fromEntries(
          Object.keys(observed.guests).map((name) => [name, { known: false as const, reason: 'silent', atMs: null }]),
        );
        const made = plan(desired, { ...observed, guests: silent }, rollout.disk.ledger, rollout.clock.now());
        const asked = desired.machines.filter((entry) => entry.needsGuestAgent).map((entry) => entry.name);
        const forbidden = made.steps.filter((step) => step.disruptive || step.destructive);
        expect(forbidden.filter((step) => asked.includes(step.target.name))).toEqual([]);
        for (const cluster of desired.clusters) {
          const wasOn = set.manifests.some((entry) => entry.kind === 'Cluster' && entry.metadata.name === cluster.name);
          if (wasOn)
            expect(
              made.blocks.some((block) => block.guard === 'GuestAgentConnected' && block.object?.name === cluster.name),
            ).toBe(true);
        }
      }),
      { numRuns: 15 },
    );
  });

  it('6: every need stands before what needs it, and there are no circles', async () => {
    await fc.assert(
      fc.asyncProperty(twoRevisions, async (sets) => {
        await eachPlan(sets, (made) => {
          const place = new Map(made.steps.map((step, index) => [step.id, index]));
          const waits = new Map(made.waits.map((wait) => [wait.id, wait.needs]));
          const reach = (ids: readonly string[], index: number): void => {
            for (const id of ids) {
              const at = place.get(id);
              if (at !== undefined) expect(at).toBeLessThan(index);
              else {
                expect(waits.has(id), id).toBe(true);
                reach(waits.get(id) ?? [], index);
              }
            }
          };
          for (const [index, step] of made.steps.entries()) reach(step.needs, index);
          expect(new Set([...place.keys(), ...waits.keys()]).size).toBe(made.steps.length + made.waits.length);
        });
      }),
      { numRuns: 15 },
    );
  });

  it('7: without faults exactly the steps of the first plan are executed, each once', async () => {
    await fc.assert(
      fc.asyncProperty(manifestSet('r1'), ground, async (set, under) => {
        const rollout = await createRollout();
        for (const entry of [raised(set, 'r1', 0), raised(set, 'r2', 1, under)]) {
          const desired = want(entry);
          const first = (await rollout.plan(desired)).steps.map((step) => step.id).sort();
          rollout.done.length = 0;
          await rollout.converge(desired);
          expect([...rollout.done].sort()).toEqual(first);
        }
      }),
      RUNS,
    );
  });
});
