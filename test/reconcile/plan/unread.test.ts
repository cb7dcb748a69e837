import { describe, expect, it } from 'vitest';
import type { Domain } from '../../../src/model/observed.ts';
import type { Plan } from '../../../src/model/plan.ts';
import { machineUuid } from '../../../src/reconcile/desire/identity.ts';
import { desire } from '../../../src/reconcile/desire.ts';
import { cluster, machine, options, recipes, setOf } from '../manifests.ts';
import { clusterWorld } from './guests.ts';
import { domainFor, guards, planAt, stepIds } from './world.ts';

const OLD = 'v1.36.3+k3s1';
const NEW = 'v1.36.4+k3s1';
const dev = (version: string) => cluster('dev', { version, prune: { mode: 'Enabled' } });
const want = (...objects: Parameters<typeof setOf>[1][]) => desire(setOf('r', ...objects), recipes, options);
const before = want(dev(OLD), machine('jump'), machine('old', { prune: { mode: 'Enabled' } }));

/** What the lists tell of a domain that libvirt does not describe. */
function unread(domain: Domain): Domain {
  const none = { cpus: 0, maxCpus: 0, memoryMiB: 0, machineType: '', acceleration: 'kvm' as const };
  return {
    ...domain,
    mark: 'unreadable',
    live: null,
    next: { ...none, disks: [], interfaces: [] },
    unread: 'no answer',
  };
}

function worldWith(change: (domains: readonly Domain[]) => readonly Domain[]) {
  const world = clusterWorld(before);
  if (!world.inventory.known) throw new Error('it is known');
  const { value } = world.inventory;
  const records = { ...world.records, applied: ['Cluster/dev', 'Machine/jump', 'Machine/old'] };
  return {
    ...world,
    records,
    inventory: { ...world.inventory, value: { ...value, domains: change(value.domains) } },
  };
}
const hide = (name: string) => (domains: readonly Domain[]) =>
  domains.map((domain) => (domain.name === name ? unread(domain) : domain));
const off = (name: string) => (domains: readonly Domain[]) =>
  domains.map((domain) => (domain.name === name ? { ...domain, state: 'shut off' as const, live: null } : domain));
const about = (made: Plan, text: string) => stepIds(made).filter((id) => id.includes(text));

describe('a domain that libvirt lists and never described', () => {
  it.each(['dev-cp-1', 'dev-general-1'])('holds back all of its own object (%s), and nothing of another', (name) => {
    const desired = want(dev(NEW), machine('jump'), machine('old', { prune: { mode: 'Enabled' } }));
    const made = planAt(
      desired,
      worldWith((domains) => off('jump')(hide(name)(domains))),
    );
    expect([about(made, 'dev'), about(made, 'machine/jump/start')]).toEqual([[], ['machine/jump/start']]);
    expect(made.blocks.filter(({ guard }) => guard === 'DomainUnread').map(({ target }) => target.name)).toEqual([
      name,
    ]);
    expect(guards(made)).not.toContain('Conflict');
  });

  it('is not forgotten as if it were gone when nobody wants it any more', () => {
    const desired = want(dev(OLD), machine('jump'));
    expect(stepIds(planAt(desired, worldWith(hide('old'))))).not.toContain('machine/old/forget');
    const gone = worldWith((domains) => domains.filter(({ name }) => name !== 'old'));
    expect(stepIds(planAt(desired, gone))).toContain('machine/old/forget');
  });

  it('lets no machine be made meanwhile: its address may be taken', () => {
    const desired = want(dev(OLD), machine('jump'), machine('old', { prune: { mode: 'Enabled' } }), machine('next'));
    const made = planAt(desired, worldWith(hide('old')));
    expect(about(made, 'machine/next/create')).toEqual([]);
    expect(made.waits.map(({ id }) => id)).toContain('machine/next/create');
    expect(
      about(
        planAt(
          desired,
          worldWith((domains) => domains),
        ),
        'machine/next/create',
      ),
    ).toHaveLength(1);
  });

  it("and is somebody else's changes nothing", () => {
    const desired = want(dev(NEW), machine('jump'), machine('old', { prune: { mode: 'Enabled' } }));
    const [any] = desired.machines;
    if (!any) throw new Error('there is one');
    const theirs = unread({ ...domainFor(desired, any), name: 'dev-theirs', uuid: machineUuid('other', 'dev-theirs') });
    const with_ = planAt(
      desired,
      worldWith((domains) => [...domains, theirs]),
    );
    expect(with_).toEqual(
      planAt(
        desired,
        worldWith((domains) => domains),
      ),
    );
    expect(about(with_, 'dev').length).toBeGreaterThan(0);
  });
});
