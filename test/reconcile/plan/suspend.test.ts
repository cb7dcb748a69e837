import { describe, expect, it } from 'vitest';
import type { ClusterSpec } from '../../../src/model/manifest.ts';
import type { Records } from '../../../src/model/observed.ts';
import { desire } from '../../../src/reconcile/desire.ts';
import { planDocument } from '../../../src/reconcile/plan/document.ts';
import { cluster, machine, options, recipes, setOf } from '../manifests.ts';
import { domainFor, guards, NOW, observed, planAt } from './world.ts';

function dev(replicas: number, spec: Partial<ClusterSpec> = {}) {
  const workers = [{ name: 'general', replicas, machineClass: 'small' }];
  return cluster('dev', { workers, prune: { mode: 'Enabled' }, ...spec });
}
const before = desire(setOf('r1', dev(2)), recipes, options);
const domains = before.machines.map((entry) => domainFor(before, entry));
const suspension = { reason: 'an operator looks into it', atMs: NOW };

function world(records: Partial<Records>) {
  return observed({ domains }, { applied: ['Cluster/dev', 'Machine/jump'], ...records });
}
const disturbing = (made: ReturnType<typeof planAt>) =>
  made.steps.filter((step) => step.destructive || step.disruptive).map((step) => step.id);

describe('a suspended cluster', () => {
  const smaller = desire(setOf('r2', dev(1)), recipes, options);

  it('loses no node that a commit takes away', () => {
    const made = planAt(smaller, world({ suspensions: { 'Cluster/dev': suspension } }));
    expect(disturbing(made)).toEqual([]);
    expect(guards(made)).toContain('Suspended');
    expect(disturbing(planAt(smaller, world({})))).toContain('machine/dev-general-2/delete');
  });

  it('loses none either when its manifest says so', () => {
    const held = desire(setOf('r2', dev(1, { suspend: true })), recipes, options);
    expect(disturbing(planAt(held, world({})))).toEqual([]);
  });

  it('is not deleted when its manifest is gone', () => {
    const gone = desire(setOf('r3', machine('jump')), recipes, options);
    expect(disturbing(planAt(gone, world({ suspensions: { 'Cluster/dev': suspension } })))).toEqual([]);
    expect(disturbing(planAt(gone, world({})))).toContain('machine/dev-cp-1/delete');
  });
});

describe('each level', () => {
  const edited = domains.map((domain) => ({ ...domain, next: { ...domain.next, memoryMiB: 4096 } }));
  const suspended = (scope: string) =>
    observed({ domains: edited }, { applied: ['Cluster/dev'], suspensions: { [scope]: suspension } });

  it.each([
    ['agent', []],
    ['Cluster/dev', []],
    ['Node/dev-general-1', ['machine/dev-cp-1/drift', 'machine/dev-general-2/drift']],
  ])('%s: what is suspended is told with its drift and left alone', (scope, done) => {
    const made = planAt(before, suspended(scope));
    expect(made.steps.map((step) => step.id).filter((id) => id.endsWith('/drift'))).toEqual(done);
    const blocks = made.blocks.filter(({ guard, target }) => guard === 'Suspended' && target.kind === 'Machine');
    const resume = scope === 'agent' ? 'kreconcile resume' : `kreconcile resume ${scope}`;
    expect(blocks.length).toBe(scope.startsWith('Node/') ? 1 : 3);
    for (const block of blocks) {
      expect([block.wayOut, block.reason]).toEqual([resume, expect.stringContaining(suspension.reason)]);
      expect(block.changes).toEqual([{ path: '/memoryMiB', from: 4096, to: 2048 }]);
    }
    expect(planDocument(before, suspended(scope), made).drift).toHaveLength(3);
  });

  it.each(['agent', 'Cluster/dev', 'Node/dev-general-1'])('%s: is told while nothing is held back either', (scope) => {
    const off = desire(setOf('r1', dev(2, { powerState: 'Off' })), recipes, options);
    const stopped = domains.map((domain) => ({ ...domain, state: 'shut off' as const, live: null, autostart: false }));
    const made = planAt(
      off,
      observed({ domains: stopped }, { applied: ['Cluster/dev'], suspensions: { [scope]: suspension } }),
    );
    expect([made.steps, made.blocks]).toEqual([[], []]);
    expect(made.notes.map((note) => note.text)).toContainEqual(
      expect.stringMatching(new RegExp(`^${scope} is suspended: .*kreconcile resume`)),
    );
  });
});
