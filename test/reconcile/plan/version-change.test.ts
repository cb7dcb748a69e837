import { describe, expect, it } from 'vitest';
import type { ClusterSpec } from '../../../src/model/manifest.ts';
import type { Plan } from '../../../src/model/plan.ts';
import { desire } from '../../../src/reconcile/desire.ts';
import { cluster, machine, options, recipes, setOf } from '../manifests.ts';
import { clusterWorld, operation } from './guests.ts';
import { domainFor, guards, markFor, NOW, observed, planAt, stepIds } from './world.ts';

function dev(version: string, spec: Partial<ClusterSpec> = {}) {
  const workers = [{ name: 'general', replicas: 1, machineClass: 'small' }];
  return desire(setOf(version, cluster('dev', { version, workers, ...spec })), recipes, options);
}
const OLD = 'v1.36.3+k3s1';
const NEW = 'v1.36.4+k3s1';
const front = (made: Plan) => made.steps.filter((step) => step.needs.length === 0).map((step) => step.id);
const cordoned = { node: { unschedulable: true, cordonedByUs: true } };

describe('a commit that is taken back when the control plane is upgraded already', () => {
  it('leaves no worker cordoned for an upgrade that does not come', () => {
    const made = planAt(dev(OLD), clusterWorld(dev(OLD), { 'dev-cp-1': { version: NEW }, 'dev-general-1': cordoned }));
    expect(guards(made)).toContain('NoDowngrade');
    expect(front(made)).toEqual(['machine/dev-general-1/uncordon']);
  });
});

describe('a control plane', () => {
  it('is not drained when its only worker takes no pods: they would have nowhere to go', () => {
    const world = clusterWorld(dev(OLD), { 'dev-general-1': cordoned });
    expect(stepIds(planAt(dev(NEW), world))).not.toContain('machine/dev-cp-1/drain');
    expect(stepIds(planAt(dev(NEW), clusterWorld(dev(OLD))))).toContain('machine/dev-cp-1/drain');
  });

  it('does not run ahead of a worker that could not follow', () => {
    const world = (version: string) => clusterWorld(dev('v1.35.1+k3s1'), { 'dev-general-1': { version } });
    const made = planAt(dev('v1.36.1+k3s1'), world('v1.32.9+k3s1'));
    expect(stepIds(made).filter((id) => id.endsWith('/upgrade'))).toEqual([]);
    expect(made.blocks.map((block) => [block.target.name, block.guard])).toContainEqual(['dev-cp-1', 'VersionSkew']);
    expect(guards(planAt(dev('v1.36.1+k3s1'), world('v1.33.9+k3s1')))).toEqual([]);
  });
});

it('a version that the control plane may not get is staged on no worker', () => {
  const made = planAt(dev('v1.38.1+k3s1'), clusterWorld(dev(OLD)));
  expect(made.blocks.map((block) => [block.target.name, block.guard])).toContainEqual(['dev-cp-1', 'VersionSkew']);
  expect(stepIds(made)).toEqual([]);
});

describe('a cluster that is switched off while an upgrade runs', () => {
  const off = dev(NEW, { powerState: 'Off' });
  const running = operation('upgrade-12345678-1', 'running');
  const world = clusterWorld(dev(OLD), { 'dev-cp-1': { operations: [running] } });

  it('lets it come to its end, for as long as an upgrade may take', () => {
    expect(front(planAt(off, world)).filter((id) => !id.endsWith('/autostart'))).toEqual([
      'machine/dev-general-1/shutdown',
    ]);
    const since = { 'machine/dev-cp-1/idle': NOW - 901_000 };
    expect(front(planAt(off, world, { since }))).toContain('machine/dev-cp-1/shutdown');
  });
});

it('a machine without agent does not wait for its first boot again because settling it failed', () => {
  const jump = desire(setOf('r', machine('jump', { guestAgent: false })), recipes, options);
  const domains = jump.machines.map((entry) =>
    domainFor(jump, entry, { mark: markFor(jump, entry, { provenAtMs: null }) }),
  );
  const error = { code: 'Internal', message: 'm', hint: 'h' };
  const attempts = { 'machine/jump/settle': { count: 1, lastAtMs: NOW - 60_000, error } };
  const made = planAt(jump, observed({ domains }), { attempts });
  expect(front(made)).toEqual(['machine/jump/settle']);
});
