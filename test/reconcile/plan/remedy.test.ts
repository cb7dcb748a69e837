import { describe, expect, it } from 'vitest';
import type { Desired } from '../../../src/model/desired.ts';
import type { Remediation } from '../../../src/model/manifest.ts';
import type { Mark, Remedy } from '../../../src/model/mark.ts';
import type { Domain, Observed } from '../../../src/model/observed.ts';
import { minuteText } from '../../../src/model/time-text.ts';
import { desire } from '../../../src/reconcile/desire.ts';
import { cluster, DIGEST, options, recipes, setOf } from '../manifests.ts';
import { clusterWorld, type NodeChange, operation } from './guests.ts';
import { guards, NOW, planAt, stepIds } from './world.ts';

const MINUTE_MS = 60_000;
const WORKER = 'dev-general-1';
const ILL: NodeChange = { node: { ready: false } };
const SILENT: NodeChange = { atMs: NOW - 10 * MINUTE_MS, node: { ready: false } };

function remedied(spec: Partial<Remediation> = {}): Desired {
  const remediation: Remediation = { actions: ['recreate', 'restart', 'reset'], ...spec };
  return desire(setOf('r1', cluster('dev', { remediation })), recipes, options);
}

/** Unhealthy for six minutes, if anything is. */
const since = { [`machine/${WORKER}/recovers`]: NOW - 6 * MINUTE_MS };

function worldWith(
  desired: Desired,
  change: NodeChange,
  mark: Partial<Mark> = {},
  domain: Partial<Domain> = {},
): Observed {
  const world = clusterWorld(desired, { [WORKER]: change });
  if (!world.inventory.known) return world;
  const image = { digest: DIGEST, path: '/i', format: 'qcow2' as const, virtualSizeMiB: 1 };
  const domains = world.inventory.value.domains.map((entry) =>
    entry.name === WORKER ? { ...entry, mark: { ...(entry.mark as Mark), ...mark }, ...domain } : entry,
  );
  return { ...world, inventory: { ...world.inventory, value: { ...world.inventory.value, domains, images: [image] } } };
}

const remedy = (action: Remedy['action'], ago: number, change: Partial<Remedy> = {}): Remedy => ({
  action,
  atMs: NOW - ago * MINUTE_MS,
  generation: 1,
  reason: 'ill',
  ...change,
});
const acts = (plan: ReturnType<typeof planAt>) => stepIds(plan).filter((id) => id.includes('/remedy/'));
const stepOf = (action: string) => [`machine/${WORKER}/remedy/${action}`];

describe('the first action', () => {
  it('comes when the node was unhealthy for `after`, and says why, what it disturbs and what is next', () => {
    const desired = remedied();
    const waiting = planAt(desired, worldWith(desired, ILL), {
      since: { [`machine/${WORKER}/recovers`]: NOW - 4 * MINUTE_MS },
    });
    const wait = waiting.waits.find(({ id }) => id.endsWith('/recovers'));
    expect(acts(waiting)).toEqual([]);
    expect(wait?.condition).toContain(`its main service is restarted at ${minuteText(NOW + MINUTE_MS)}`);
    const due = planAt(desired, worldWith(desired, ILL), { since });
    expect(acts(due)).toEqual(stepOf('restart'));
    expect(due.steps.find(({ id }) => id.endsWith('/restart'))?.reason).toBe(
      `${WORKER} has been unhealthy for 6 min: node is NotReady; its pods run on; if that does not help, it is reset`,
    );
  });

  it('is a reset where the guest is silent, and a silent one that its control plane sees Ready is left alone', () => {
    const desired = remedied();
    expect(acts(planAt(desired, worldWith(desired, SILENT), { since }))).toEqual(stepOf('reset'));
    const serving = worldWith(desired, { atMs: NOW - 10 * MINUTE_MS });
    expect(acts(planAt(desired, serving, { since }))).toEqual([]);
  });

  it('begins to be waited for anew when nobody looked for a while', () => {
    const desired = remedied();
    const slept = planAt(desired, worldWith(desired, ILL), { since, lookedAtMs: NOW - 60 * MINUTE_MS });
    expect([acts(slept), slept.waits.find(({ id }) => id.endsWith('/recovers'))?.sinceMs]).toEqual([[], NOW]);
  });
});

describe('the next action', () => {
  const next = (remedies: readonly Remedy[], spec: Partial<Remediation> = {}, change: NodeChange = ILL) => {
    const desired = remedied(spec);
    return planAt(desired, worldWith(desired, change, { remedies }), { since });
  };

  it('is the next harsher one, after a pause; after a reset after a boot at least', () => {
    expect(acts(next([remedy('restart', 9)]))).toEqual([]);
    expect(acts(next([remedy('restart', 11)]))).toEqual(stepOf('reset'));
    expect(acts(next([remedy('reset', 5)], { pause: '1m' }))).toEqual([]);
    expect(acts(next([remedy('reset', 11)], { pause: '1m' }))).toEqual(stepOf('recreate'));
  });

  it('is none when all were tried, or when there were too many in a day', () => {
    const tried = next([remedy('restart', 40), remedy('reset', 30)], { actions: ['restart', 'reset'] });
    expect([acts(tried), guards(tried)]).toEqual([[], ['RemediationHeld']]);
    const earlier = [remedy('reset', 600, { endedAtMs: NOW - 590 * MINUTE_MS })];
    const often = next(earlier, { maxTries: 1 });
    expect([acts(often), guards(often), often.lookAgainAtMs]).toEqual([[], ['RemediationHeld'], expect.any(Number)]);
    expect(acts(next([remedy('reset', 1500, { endedAtMs: NOW - 1490 * MINUTE_MS })], { maxTries: 1 }))).toEqual(
      stepOf('restart'),
    );
  });

  it('does not wait for a time that lies in the future because the clock was set back', () => {
    expect(acts(next([remedy('restart', -600)]))).toEqual(stepOf('reset'));
  });
});

describe('a new root disk', () => {
  const decided = (change: Partial<Remediation>, domain: Partial<Domain> = {}, upgrade = {}) => {
    const remediation: Remediation = { actions: ['recreate'], ...change };
    const desired = desire(setOf('r1', cluster('dev', { remediation, upgrade })), recipes, options);
    return { desired, world: (mark: Partial<Mark>) => worldWith(desired, SILENT, mark, domain) };
  };

  it('is decided in the mark and then carried out from the image that is applied, with nothing to go back to', () => {
    const { desired, world } = decided({});
    const first = planAt(desired, world({}), { since });
    expect(acts(first)).toEqual(stepOf('recreate'));
    const road = planAt(desired, world({ remedies: [remedy('recreate', 0)] }), { since });
    const replace = road.steps.find(({ id }) => id === `machine/${WORKER}/replace`);
    expect(stepIds(road)).toEqual(expect.arrayContaining([`machine/${WORKER}/shutdown`, `machine/${WORKER}/start`]));
    expect(replace?.action).toMatchObject({
      stateDiskNew: false,
      mark: { generation: 2, spec: { image: { digest: DIGEST } }, previous: { generation: 1, provenAtMs: null } },
    });
  });

  it('is not made once it is made, nor of a node that came to itself', () => {
    const { desired, world } = decided({});
    const done = planAt(desired, world({ generation: 2, remedies: [remedy('recreate', 30)] }), { since });
    expect([acts(done), guards(done)]).toEqual([[], ['RemediationHeld']]);
    expect(stepIds(done)).not.toContain(`machine/${WORKER}/replace`);
    const well = planAt(desired, worldWith(desired, {}, { remedies: [remedy('recreate', 1)] }), { since });
    expect(stepIds(well)).toEqual([]);
  });

  it('is not made of a node of which nobody knows how it is: its control plane was not read', () => {
    const desired = remedied();
    const world = worldWith(desired, {}, { remedies: [remedy('recreate', 1)] });
    const { 'dev-cp-1': _unread, ...guests } = world.guests;
    const ids = stepIds(planAt(desired, { ...world, guests }, { since }));
    expect(ids.filter((id) => id.startsWith(`machine/${WORKER}/`))).toEqual([]);
  });

  it('is not made where the manifest forbids one', () => {
    const { desired, world } = decided({}, {}, { strategy: 'InPlaceOnly' });
    const held = planAt(desired, world({}), { since });
    expect(acts(held)).toEqual([]);
    expect(held.blocks.map(({ reason }) => reason).join()).toContain(
      'no recreate: spec.upgrade.strategy is InPlaceOnly',
    );
  });
});

describe('nothing is done', () => {
  const desired = remedied();
  it.each([
    ['to a machine that is off', worldWith(desired, SILENT, {}, { state: 'shut off', live: null })],
    ['to one that somebody paused', worldWith(desired, SILENT, {}, { state: 'paused' })],
    [
      'while an operation runs in the guest',
      worldWith(desired, { ...ILL, operations: [operation('drain-1-1', 'running')] }),
    ],
    [
      'to a node that we cordoned',
      worldWith(desired, { node: { ready: false, unschedulable: true, cordonedByUs: true } }),
    ],
    ['to a root disk that is on trial', worldWith(desired, ILL, { provenAtMs: null })],
    ['to one whose state disk is missing', worldWith(desired, { ...ILL, status: { stateDisk: 'missing' } })],
  ])('%s', (_what, world) => {
    expect(acts(planAt(desired, world, { since }))).toEqual([]);
  });

  it('while it starts', () => {
    const attempts = { [`machine/${WORKER}/start`]: { count: 1, lastAtMs: NOW - 8 * MINUTE_MS, error: null } };
    expect(acts(planAt(desired, worldWith(desired, SILENT), { since, attempts }))).toEqual([]);
  });

  it('without a manifest that asks for it', () => {
    const plain = desire(setOf('r1', cluster('dev')), recipes, options);
    expect(acts(planAt(plain, worldWith(plain, ILL), { since }))).toEqual([]);
  });
});

it('an outage is over when the node is proven well: its record is closed, and kept for the count', () => {
  const desired = remedied();
  const world = worldWith(desired, {}, { remedies: [remedy('reset', 1500), remedy('restart', 20)] });
  const healthy = { [WORKER]: { firstAtMs: NOW - 30_000, lastAtMs: NOW - 15_000 } };
  const once = planAt(desired, world);
  expect([stepIds(once), once.waits.map(({ id }) => id)]).toEqual([[], [`machine/${WORKER}/recovers`]]);
  const step = planAt(desired, world, { healthy }).steps.find(({ id }) => id.endsWith('/recovered'));
  expect(step?.action).toMatchObject({ mark: { remedies: [{ action: 'restart', endedAtMs: NOW }] } });
});

it('an outage is over also of a node that waits for its upgrade: it is well at the version that it runs', () => {
  const desiredAt = (version: string) =>
    desire(setOf('r1', cluster('dev', { version, remediation: { actions: ['restart'] } })), recipes, options);
  const [desired, before] = [desiredAt('v1.36.4+k3s1'), desiredAt('v1.36.3+k3s1')];
  const spec = before.machines.find(({ name }) => name === WORKER)?.spec;
  const mark = { remedies: [remedy('restart', 20)], ...(spec ? { spec } : {}) };
  const world = worldWith(desired, { version: 'v1.36.3+k3s1' }, mark);
  expect(planAt(desired, world).health[WORKER]).toBe(NOW);
  const healthy = { [WORKER]: { firstAtMs: NOW - 30_000, lastAtMs: NOW - 15_000 } };
  expect(stepIds(planAt(desired, world, { healthy }))).toContain(`machine/${WORKER}/recovered`);
});

it('an outage of a node that its cluster does not know is left open, and waited for once', () => {
  const desired = remedied();
  const world = clusterWorld(desired, { 'dev-cp-1': { kubernetes: { nodes: [], nodesTotal: 0 } } });
  const { inventory } = worldWith(desired, {}, { remedies: [remedy('restart', 20)] });
  const made = planAt(desired, { ...world, inventory });
  expect(made.waits.filter(({ target }) => target.name === WORKER).map(({ id }) => id)).not.toContain(
    `machine/${WORKER}/recovers`,
  );
  expect(stepIds(made)).not.toContain(`machine/${WORKER}/recovered`);
});

it('defaults are filled in, and actions come in the order in which they get harsher', () => {
  expect(remedied().clusters[0]?.remediation).toEqual({
    actions: ['restart', 'reset', 'recreate'],
    afterMs: 5 * MINUTE_MS,
    pauseMs: 10 * MINUTE_MS,
    maxUnhealthyPercent: 40,
    maxTries: 3,
  });
});
