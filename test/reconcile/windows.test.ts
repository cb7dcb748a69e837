import { expect, it } from 'vitest';
import type { Window } from '../../src/model/manifest.ts';
import type { Plan } from '../../src/model/plan.ts';
import { desire } from '../../src/reconcile/desire.ts';
import { verdictOf } from '../../src/reconcile/plan/verdict.ts';
import { distributions, programs } from './drivers.ts';
import { cluster, options, setOf } from './manifests.ts';
import { createRollout } from './rollout.ts';

const recipes = { k3s: distributions.k3s.recipe, kubeadm: distributions.kubeadm.recipe };
const HOUR_MS = 3_600_000;
const source = { url: '', lastGoodRevision: 'r', lastAttemptedRevision: 'r', problem: null, checkedAtMs: 0 };

function want(version: string, window: Partial<Window>) {
  const windows = [{ kind: 'allow' as const, schedule: '0 2 * * *', duration: '4h', ...window }];
  const workers = [{ name: 'general', replicas: 2, machineClass: 'small' }];
  return desire(setOf(version, cluster('dev', { version, workers, windows })), recipes, { ...options, programs });
}
const guards = (plan: Plan) => [...new Set(plan.blocks.map((block) => block.guard))];

it('a commit outside the window is staged at once and carried out when the window opens, at the minute that the plan names', async () => {
  const rollout = await createRollout();
  await rollout.converge(want('v1.36.3+k3s1', {}));
  const hourOf = (ms: number) => new Date(ms).getUTCHours();
  if (hourOf(rollout.clock.now()) >= 2 && hourOf(rollout.clock.now()) < 6)
    rollout.clock.moveTo(rollout.clock.now() + 5 * HOUR_MS);
  rollout.done.length = 0;
  const desired = want('v1.36.4+k3s1', {});
  const held = await rollout.converge(desired);
  expect([guards(held), verdictOf(source, held, rollout.disk.ledger)]).toEqual([['WindowOpen'], 'blocked']);
  expect(rollout.done.filter((id) => !id.endsWith('/stage'))).toEqual([]);
  expect(rollout.done.length).toBe(3);
  const opensAtMs = held.lookAgainAtMs ?? 0;
  expect(new Date(opensAtMs).toISOString()).toMatch(/T02:00:00/);
  rollout.clock.moveTo(opensAtMs - 1);
  expect(guards(await rollout.plan(desired))).toEqual(['WindowOpen']);
  rollout.clock.moveTo(opensAtMs);
  const rest = await rollout.converge(desired);
  expect([rest.steps, rest.blocks]).toEqual([[], []]);
  expect(rollout.done).toContain('machine/dev-general-2/upgrade');
});

it('in its overrun a rollout goes on, and while its first node is under way nothing says that it does not', async () => {
  const rollout = await createRollout();
  const window = { duration: '1h', overrun: '2h' };
  await rollout.converge(want('v1.36.3+k3s1', window));
  const day = new Date(rollout.clock.now() + 24 * HOUR_MS).toISOString().slice(0, 10);
  rollout.clock.moveTo(Date.parse(`${day}T02:00:00Z`));
  const desired = want('v1.36.4+k3s1', window);
  const seen: string[] = [];
  for (let passes = 0; !rollout.done.includes('machine/dev-general-2/upgrade'); passes += 1) {
    expect(passes).toBeLessThan(300);
    await rollout.pass(desired);
    const made = await rollout.plan(desired);
    seen.push(...guards(made));
    const next = await rollout.world.nextEventAtMs();
    const soonMs = made.lookAgainAtMs ?? 0;
    const isBegun = rollout.done.includes('machine/dev-cp-1/upgrade');
    const shutMs = isBegun ? Date.parse(`${day}T03:00:00Z`) : 0;
    rollout.clock.moveTo(Math.max(rollout.clock.now() + 1, shutMs, Math.min(next ?? soonMs, soonMs)));
  }
  expect(seen).toEqual([]);
});

it('a window that shuts in the middle lets the node that is away come back, and takes no other', async () => {
  const rollout = await createRollout();
  await rollout.converge(want('v1.36.3+k3s1', {}));
  const day = new Date(rollout.clock.now() + 24 * HOUR_MS).toISOString().slice(0, 10);
  rollout.clock.moveTo(Date.parse(`${day}T02:00:00Z`));
  const desired = want('v1.36.4+k3s1', {});
  for (let passes = 0; !rollout.done.includes('machine/dev-cp-1/upgrade'); passes += 1) {
    expect(passes).toBeLessThan(200);
    await rollout.pass(desired);
    const next = await rollout.world.nextEventAtMs();
    const soonMs = (await rollout.plan(desired)).lookAgainAtMs ?? 0;
    rollout.clock.moveTo(Math.max(rollout.clock.now() + 1, Math.min(next ?? soonMs, soonMs)));
  }
  rollout.clock.moveTo(Date.parse(`${day}T06:00:00Z`));
  const held = await rollout.converge(desired);
  const versions = Object.values((await rollout.observe()).guests).map(
    (reading) => reading.known && reading.value.kubernetes?.version,
  );
  expect(versions.sort()).toEqual(['v1.36.3+k3s1', 'v1.36.3+k3s1', 'v1.36.4+k3s1']);
  expect([guards(held), held.steps]).toEqual([['WindowOpen'], []]);
});
