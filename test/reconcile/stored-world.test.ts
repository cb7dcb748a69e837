import { describe, expect, it } from 'vitest';
import { EMPTY_LEDGER } from '../../src/model/ledger.ts';
import type { Mark } from '../../src/model/mark.ts';
import type { Observed } from '../../src/model/observed.ts';
import { desire } from '../../src/reconcile/desire.ts';
import { plan } from '../../src/reconcile/plan/index.ts';
import { distributions, programs } from './drivers.ts';
import stored from './golden/world-0.1.0.json' with { type: 'json' };
import { cluster, machine, options, setOf } from './manifests.ts';

/**
 * The world that release 0.1.0 left behind, as it was observed then. A release that renders definitions, seeds or the in-guest program otherwise must
 * plan nothing for it that disturbs. The file is never written anew: a new release adds its own beside it.
 */
describe('the world of an earlier release', () => {
  const recipes = { k3s: distributions.k3s.recipe, kubeadm: distributions.kubeadm.recipe };
  const set = setOf(
    'r1',
    cluster('dev'),
    cluster('stage', { distribution: 'kubeadm', version: 'v1.36.1', workers: [] }),
    machine('jump'),
  );
  const desired = desire(set, recipes, { ...options, programs: { ...programs, k3s: 'sha256:of-a-newer-release' } });
  const world = stored as unknown as { observed: Observed; atMs: number };

  it('asks for nothing but the newer in-guest program', () => {
    const made = plan(desired, world.observed, { ...EMPTY_LEDGER, revision: 'r1' }, world.atMs);
    expect(made.steps.map((step) => step.id)).toEqual(['machine/dev-cp-1/program', 'machine/dev-general-1/program']);
    expect(made.steps.some((step) => step.destructive || step.disruptive)).toBe(false);
    expect([made.waits, made.blocks]).toEqual([[], []]);
  });

  it('is disturbed when a manifest really changes: the test can fail', () => {
    const { inventory } = world.observed;
    if (!inventory.known) throw new Error('the stored world was observed');
    const domains = inventory.value.domains.map((domain) => ({
      ...domain,
      mark: { ...(domain.mark as Mark), spec: { ...(domain.mark as Mark).spec, cpus: 1 } },
    }));
    const made = plan(
      desired,
      { ...world.observed, inventory: { ...inventory, value: { ...inventory.value, domains } } },
      EMPTY_LEDGER,
      world.atMs,
    );
    expect(made.steps.length + made.blocks.length).toBeGreaterThan(2);
  });
});
