import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../src/model/manifest.ts';
import type { Mark } from '../../../src/model/mark.ts';
import { desire } from '../../../src/reconcile/desire.ts';
import { applyChanges, CHANGE_CLASSES, changedFields } from '../../../src/reconcile/plan/change.ts';
import { planDocument } from '../../../src/reconcile/plan/document.ts';
import { cluster, debianImage, machine, OTHER_DIGEST, options, recipes, smallClass } from '../manifests.ts';
import { domainFor, guards, markFor, NOW, observed, planAt, stepIds } from './world.ts';

function desiredWith(...manifests: Manifest[]) {
  return desire({ revision: 'r1', files: {}, manifests }, recipes, options);
}
const before = desiredWith(smallClass(), debianImage(), machine('jump', { guestAgent: false }));
const [jump] = before.machines;
if (!jump) throw new Error('the manifests hold a machine');
const running = observed({ domains: [domainFor(before, jump)] });

describe('a running machine', () => {
  it('as it was applied asks for nothing', () => {
    const made = planAt(before, running);
    expect([made.steps, made.waits, made.blocks, made.notes]).toEqual([[], [], [], []]);
  });

  it('grows disks and vCPUs live, and the mark follows', () => {
    const after = desiredWith(
      smallClass({ cpus: 4, disk: '20Gi' }),
      debianImage(),
      machine('jump', { guestAgent: false }),
    );
    const made = planAt(after, running);
    expect(stepIds(made)).toEqual(['machine/jump/update']);
    expect(made.steps[0]?.action).toMatchObject({
      cpus: 4,
      diskMiB: 20_480,
      mark: { spec: { cpus: 4, diskMiB: 20_480 } },
    });
  });

  it('is restarted for memory under a new definition, and nothing is deleted', () => {
    const after = desiredWith(smallClass({ memory: '4Gi' }), debianImage(), machine('jump', { guestAgent: false }));
    const made = planAt(after, running);
    expect(stepIds(made)).toEqual([
      'machine/jump/shutdown',
      'machine/jump/redefine',
      'machine/jump/start',
      'machine/jump/settle',
    ]);
    expect(made.steps.filter((step) => step.destructive)).toEqual([]);
    expect(made.steps[1]).toMatchObject({
      changes: [{ path: '/memoryMiB', from: 2048, to: 4096 }],
      action: { mark: { spec: { memoryMiB: 4096 }, isSettling: true, generation: 1 } },
    });
  });

  it('without a state disk is replaced for a new image only when a person says so', () => {
    const image = desiredWith(smallClass(), debianImage(OTHER_DIGEST), machine('jump', { guestAgent: false }));
    expect(guards(planAt(image, running))).toEqual(['RecreateConfirm']);
    const confirmations = [{ object: 'Machine/jump', revision: 'r1' }];
    const images = [{ digest: OTHER_DIGEST, path: '/i', format: 'qcow2' as const, virtualSizeMiB: 2048 }];
    const made = planAt(image, observed({ domains: [domainFor(before, jump)], images }, { confirmations }));
    expect([guards(made), stepIds(made)]).toEqual([
      [],
      ['machine/jump/shutdown', 'machine/jump/replace', 'machine/jump/start', 'machine/jump/settle'],
    ]);
  });

  it('never gets a smaller disk, and nothing else disturbs it until that is taken back', () => {
    const smaller = desiredWith(
      smallClass({ disk: '5Gi', memory: '4Gi' }),
      debianImage(),
      machine('jump', { guestAgent: false }),
    );
    const made = planAt(smaller, running);
    expect([guards(made), stepIds(made)]).toEqual([['Immutable'], []]);
  });

  it('carries its protection in the mark as soon as the manifest changes it', () => {
    const after = desiredWith(
      smallClass(),
      debianImage(),
      machine('jump', { guestAgent: false, prune: { mode: 'Disabled' } }),
    );
    expect(planAt(after, running).steps[0]).toMatchObject({
      id: 'machine/jump/policies',
      changes: [{ path: '/prune', from: 'Confirm', to: 'Disabled' }],
    });
  });

  it('whose mark an older release wrote without a field is not changed by the new field', () => {
    const { firmware: _, ...older } = jump.spec;
    const mark = markFor(before, jump, { spec: older as typeof jump.spec });
    expect(planAt(before, observed({ domains: [domainFor(before, jump, { mark })] })).blocks).toEqual([]);
  });
});

describe('power', () => {
  const off = desiredWith(smallClass(), debianImage(), machine('jump', { guestAgent: false, powerState: 'Off' }));

  it('starts what should run and was stopped by somebody', () => {
    const stopped = observed({
      domains: [domainFor(before, jump, { state: 'shut off', stateReason: 'destroyed', live: null })],
      images: [{ digest: jump.spec.image.digest, path: '/i', format: 'qcow2', virtualSizeMiB: 10 }],
    });
    expect(planAt(before, stopped).steps[0]).toMatchObject({
      id: 'machine/jump/start',
      reason: 'it should run and is shut off (destroyed)',
    });
  });

  it('does not let a machine start with the host that should be off', () => {
    const made = planAt(off, running);
    expect(made.steps[0]).toMatchObject({ id: 'machine/jump/autostart', action: { kind: 'set-autostart', on: false } });
  });

  it('does not resume what somebody paused', () => {
    const paused = observed({ domains: [domainFor(before, jump, { state: 'paused', stateReason: 'user' })] });
    expect([stepIds(planAt(before, paused)), guards(planAt(before, paused))]).toEqual([[], ['Paused']]);
  });

  it('asks for a clean shutdown, then presses the button, then cuts the power', () => {
    const asked = { 'machine/jump/shutdown': { count: 1, lastAtMs: NOW, error: null } };
    const running = observed({ domains: [domainFor(before, jump, { autostart: false })] });
    expect(stepIds(planAt(off, running))).toEqual(['machine/jump/shutdown']);
    expect(stepIds(planAt(off, running, { attempts: asked }, NOW + 1000))).toEqual([]);
    expect(stepIds(planAt(off, running, { attempts: asked }, NOW + 61_000))).toEqual(['machine/jump/shutdown-acpi']);
    expect(stepIds(planAt(off, running, { attempts: asked }, NOW + 121_000))).toEqual(['machine/jump/power-off']);
  });

  it('asks anew when the machine was started after it followed', () => {
    const begun = (lastAtMs: number) => ({ count: 1, lastAtMs, error: null });
    const attempts = { 'machine/jump/shutdown': begun(NOW), 'machine/jump/start': begun(NOW + 1000) };
    const running = observed({ domains: [domainFor(before, jump, { autostart: false })] });
    expect(stepIds(planAt(off, running, { attempts }, NOW + 121_000))).toEqual(['machine/jump/shutdown']);
  });
});

describe('power that is on its way', () => {
  const off = desiredWith(smallClass(), debianImage(), machine('jump', { guestAgent: false, powerState: 'Off' }));

  it.each(['shutdown', 'unknown'] as const)('is not cut while libvirt says %s', (state) => {
    const made = planAt(off, observed({ domains: [domainFor(before, jump, { state, autostart: false })] }));
    expect([stepIds(made), made.waits.map((wait) => wait.id)]).toEqual([[], ['machine/jump/off']]);
  });
});

describe('the table of classes', () => {
  it('knows every field of an applied spec', () => {
    const changed = changedFields(jump.spec, { ...jump.spec, cpus: 9, address: '192.0.2.9' });
    expect(changed.map((change) => change.path)).toEqual(['/address', '/cpus']);
    const known = Object.keys(CHANGE_CLASSES);
    for (const field of Object.keys(jump.spec))
      expect(
        known.some((path) => path.split('/')[1] === field),
        field,
      ).toBe(true);
  });
});

describe("the distribution's own configuration", () => {
  type Config = Readonly<Record<string, Record<string, unknown>>>;
  const withConfig = (config: Config) =>
    desiredWith(
      smallClass(),
      debianImage(),
      cluster('dev', { distribution: 'kubeadm', version: 'v1.36.1', workers: [], config }),
    );
  const worldOf = (config: Config, mark: Partial<Mark> = {}) => {
    const applied = withConfig(config);
    const domains = applied.machines.map((node) => domainFor(applied, node, { mark: markFor(applied, node, mark) }));
    return { domains, world: observed({ domains }) };
  };
  const classes = (from: Config, to: Config, mark: Partial<Mark> = {}) => {
    const { world } = worldOf(from, mark);
    const document = planDocument(withConfig(to), world, planAt(withConfig(to), world));
    return document.changes.flatMap(({ fields = [] }) => fields.map((field) => [field.path, field.class]));
  };
  const upgrade = (minutes: number): Config => ({
    UpgradeConfiguration: { timeouts: { upgradeManifests: `${minutes}m0s` } },
  });

  it.each([
    ['changed', upgrade(5), upgrade(15)],
    ['added', {}, upgrade(15)],
    ['taken out', upgrade(5), {}],
  ])('of upgrades, %s, disturbs no node and is in the mark', (_, from, to) => {
    expect(classes(from, to)).toEqual([['/kubernetes/config/UpgradeConfiguration', 'live']]);
    const made = planAt(withConfig(to), worldOf(from).world);
    const step = made.steps.find(({ id }) => id === 'machine/dev-cp-1/update');
    if (step?.action.kind !== 'update-live') throw new Error('the mark is written');
    expect(step.action.mark.spec.kubernetes?.config).toEqual(to);
    expect(made.steps.some(({ disruptive, destructive }) => disruptive || destructive)).toBe(false);
  });

  it('that only the making of a node reads disturbs no node that was made', () => {
    const from = { InitConfiguration: { skipPhases: ['a'] }, JoinConfiguration: { skipPhases: ['a'] } };
    expect(classes(from, {}).map(([, word]) => word)).toEqual(['live', 'live']);
    expect(classes(from, {}, { provenAtMs: null }).map(([, word]) => word)).toEqual(['recreate', 'recreate']);
  });

  it('of what runs takes a new root disk, and takes the rest along', () => {
    const kubelet = (pods: number): Config => ({ ...upgrade(pods), KubeletConfiguration: { maxPods: pods } });
    expect(classes(kubelet(50), kubelet(60))).toEqual([
      ['/kubernetes/config/KubeletConfiguration', 'recreate'],
      ['/kubernetes/config/UpgradeConfiguration', 'live'],
    ]);
  });

  it('is told as a patch that makes the one of the other', () => {
    const [from, to] = [withConfig(upgrade(5)).machines[0], withConfig({}).machines[0]];
    if (!from || !to) throw new Error('there is a node');
    expect(applyChanges(from.spec, changedFields(from.spec, to.spec))).toEqual(to.spec);
    expect(applyChanges(to.spec, changedFields(to.spec, from.spec))).toEqual(from.spec);
    const { world } = worldOf(upgrade(5));
    expect(planDocument(withConfig({}), world, planAt(withConfig({}), world)).changes[0]?.patch).toEqual([
      { op: 'remove', path: '/kubernetes/config/UpgradeConfiguration' },
    ]);
  });
});
