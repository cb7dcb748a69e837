import { describe, expect, it } from 'vitest';
import type { Desired } from '../../../src/model/desired.ts';
import type { ClusterSpec } from '../../../src/model/manifest.ts';
import type { Domain } from '../../../src/model/observed.ts';
import type { Plan } from '../../../src/model/plan.ts';
import { readySteps } from '../../../src/reconcile/execute.ts';
import { planDocument } from '../../../src/reconcile/plan/document.ts';
import { guardsOf, sight, wish } from '../lifecycle.ts';
import { createRollout, type Rollout } from '../rollout.ts';

const V = ['v1.33.9', 'v1.34.9', 'v1.35.8', 'v1.36.1'] as const;
const workers = [{ name: 'general', replicas: 1, machineClass: 'small' }];
const kubeadm = { distribution: 'kubeadm', workers } satisfies Partial<ClusterSpec>;
const chained = (spec: Partial<ClusterSpec> = {}): Desired =>
  wish({ revision: 'r2', spec: { ...kubeadm, version: V[3], upgrade: { versions: [V[1], V[2]] }, ...spec } });

async function standing(spec: Partial<ClusterSpec> = {}): Promise<Rollout> {
  const rollout = await createRollout();
  await rollout.converge(wish({ revision: 'r1', spec: { ...kubeadm, version: V[0], ...spec } }));
  return rollout;
}

const idsOf = (plan: Pick<Plan, 'steps'>): readonly string[] => plan.steps.map(({ id }) => id);

describe('the later legs of a chain', () => {
  it('are told in full, in order, and nothing of them can be begun', async () => {
    const rollout = await standing();
    const plan = await rollout.plan(chained());
    const { legs = [] } = plan;
    expect(legs.map(({ from, version, blocks }) => [from, version, blocks])).toEqual([
      [V[1], V[2], []],
      [V[2], V[3], []],
    ]);
    for (const leg of legs) {
      expect([...idsOf(leg)].sort()).toEqual([...idsOf(plan)].sort());
      const first = [...leg.steps, ...leg.waits].filter(({ needs }) => needs.includes('cluster/dev/next-version'));
      expect(first.map(({ id }) => id).sort()).toEqual(['machine/dev-cp-1/stage', 'machine/dev-general-1/stage']);
      expect([...leg.steps, ...leg.waits].every(({ needs }) => needs.length > 0)).toBe(true);
      expect(leg.steps.filter(({ disruptive }) => disruptive).map(({ title }) => title)).toEqual([
        `upgrade dev-cp-1 from ${leg.from} to ${leg.version} in place`,
        `upgrade dev-general-1 from ${leg.from} to ${leg.version} in place`,
      ]);
    }
    expect(
      readySteps(plan).every((step) => step.action.kind === 'guest-operation' && step.action.verb === 'stage'),
    ).toBe(true);
    const shown = planDocument(chained(), await rollout.observe(), plan);
    expect(shown.legs?.map(({ steps }) => steps.map(({ action }) => action)[0])).toEqual([
      'guest-operation',
      'guest-operation',
    ]);
  });

  it('leave out a version that the control plane has passed, also where a worker is older', async () => {
    const rollout = await standing({ version: V[1] });
    const halfway = wish({ revision: 'r2', spec: { ...kubeadm, version: 'v1.35.9' } });
    for (let passes = 0; !rollout.done.includes('machine/dev-cp-1/record'); passes += 1) {
      expect(passes).toBeLessThan(300);
      await rollout.pass(halfway);
      rollout.clock.advance(1_000);
    }
    const desired = wish({ revision: 'r3', spec: { ...kubeadm, version: V[3], upgrade: { versions: [V[2]] } } });
    expect(guardsOf(await rollout.plan(desired))).toEqual([]);
    expect(guardsOf(await rollout.converge(desired))).toEqual([]);
    expect((await sight(rollout)).nodes.map(({ version }) => version)).toEqual([V[3], V[3]]);
  });

  it('stay what they were while the first is gone through, and come up in their turn', async () => {
    const rollout = await standing();
    const [, last] = (await rollout.plan(chained())).legs ?? [];
    const versions = new Set<string>();
    let told = 0;
    for (let passes = 0; passes < 600; passes += 1) {
      const plan = await rollout.pass(chained()).then(() => rollout.plan(chained()));
      for (const leg of plan.legs ?? []) versions.add(leg.version);
      const again = plan.legs?.find(({ version }) => version === V[3]);
      if (again) expect(idsOf(again)).toEqual(last && idsOf(last));
      if (again) told += 1;
      if (plan.steps.length + plan.waits.length === 0) break;
      if (readySteps(plan).length > 0) continue;
      const eventAtMs = (await rollout.world.nextEventAtMs()) ?? Number.POSITIVE_INFINITY;
      rollout.clock.moveTo(Math.max(rollout.clock.now() + 1, Math.min(eventAtMs, plan.lookAgainAtMs ?? eventAtMs)));
    }
    expect([...versions].sort()).toEqual([V[2], V[3]]);
    expect(told).toBeGreaterThan(20);
    expect((await rollout.plan(chained())).legs).toBeUndefined();
  });

  it('say what is known now to forbid them, and nothing of what comes after', async () => {
    const rollout = await standing();
    const observed = await rollout.observe();
    if (!observed.inventory.known) throw new Error('the host was read');
    await rollout.world.change(({ state }) => {
      for (const domain of Object.values(state.domains)) quarantine(domain as unknown as Domain, V[2]);
    });
    const { legs = [] } = await rollout.plan(chained());
    expect(legs.map(({ version }) => version)).toEqual([V[2]]);
    expect(guardsOf({ blocks: legs[0]?.blocks ?? [] } as unknown as Plan)).toContain('Quarantined');
  });

  it('are not told while the first is held back', async () => {
    const rollout = await standing();
    const desired = chained({ upgrade: { versions: [V[1], V[2]], strategy: 'InPlaceOnly' }, access: { user: 'root' } });
    const plan = await rollout.plan(desired);
    expect([plan.legs, new Set(guardsOf(plan))]).toEqual([undefined, new Set(['RecreateNeeded'])]);
  });

  it('of three control planes go one by one', async () => {
    const spec = { controlPlane: { machineClass: 'small', replicas: 3 }, endpoint: 'api.dev.test' };
    const rollout = await standing(spec);
    const [leg] = (await rollout.plan(chained(spec))).legs ?? [];
    const acts = (leg?.steps ?? []).filter(({ disruptive }) => disruptive).map(({ target }) => target.name);
    expect(acts).toEqual(['dev-cp-1', 'dev-cp-2', 'dev-cp-3', 'dev-general-1']);
  });
});

function quarantine({ mark }: Domain, version: string): void {
  if (mark === null || mark === 'unreadable') throw new Error('the domain is ours');
  const entry = { digest: `version:${version}`, atMs: 1, reason: 'it failed', endedAtMs: 2 };
  Object.assign(mark, { quarantined: [entry] });
}
