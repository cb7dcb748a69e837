import jsonPatch from 'fast-json-patch';
import { describe, expect, it } from 'vitest';
import { DRIFT_FIELDS } from '../../../src/model/drift.ts';
import type { Drift, MachineSpec } from '../../../src/model/manifest.ts';
import type { Domain, DomainShape } from '../../../src/model/observed.ts';
import { desire } from '../../../src/reconcile/desire.ts';
import { planDocument } from '../../../src/reconcile/plan/document.ts';
import { machine, options, recipes, setOf, smallClass } from '../manifests.ts';
import { domainFor, markFor, NOW, observed, planAt, stepIds } from './world.ts';

function jumpWith(drift: Drift = {}, spec: Partial<MachineSpec> = {}) {
  return desire(setOf('r1', machine('jump', { guestAgent: false, drift, ...spec })), recipes, options);
}
function worldOf(desired: ReturnType<typeof jumpWith>, next: Partial<DomainShape>, change: Partial<Domain> = {}) {
  const [jump] = desired.machines;
  if (!jump) throw new Error('there is a machine');
  const domain = domainFor(desired, jump);
  const image = { digest: jump.spec.image.digest, path: '/i', format: 'qcow2' as const, virtualSizeMiB: 10 };
  return observed({ domains: [{ ...domain, next: { ...domain.next, ...next }, ...change }], images: [image] });
}
const live = (change: Partial<DomainShape>): Partial<Domain> => {
  const [jump] = jumpWith().machines;
  const domain = jump && domainFor(jumpWith(), jump);
  return domain?.live ? { live: { ...domain.live, ...change } } : {};
};
const notes = (made: ReturnType<typeof planAt>) => made.notes.map((note) => note.text);

describe('what somebody changed for the next boot', () => {
  it('is written as it was applied, and what runs is not disturbed', () => {
    const made = planAt(jumpWith(), worldOf(jumpWith(), { memoryMiB: 4096, cpus: 1 }));
    expect(made.steps).toMatchObject([
      {
        id: 'machine/jump/drift',
        destructive: false,
        disruptive: false,
        action: { kind: 'redefine', mark: { generation: 1 } },
        changes: [
          { path: '/cpus', from: 1, to: 2 },
          { path: '/memoryMiB', from: 4096, to: 2048 },
        ],
      },
    ]);
  });

  it('is taken back before a stopped machine is started', () => {
    const stopped = { state: 'shut off' as const, stateReason: 'shutdown', live: null };
    const made = planAt(jumpWith(), worldOf(jumpWith(), { memoryMiB: 4096 }, stopped));
    expect(made.steps.map(({ id, needs }) => [id, needs])).toEqual([
      ['machine/jump/drift', []],
      ['machine/jump/start', ['machine/jump/drift']],
    ]);
  });

  it('is not taken back where that would undo what the manifest leaves alone', () => {
    const desired = jumpWith({ ignore: ['/memoryMiB'] });
    const made = planAt(desired, worldOf(desired, { memoryMiB: 4096, cpus: 1 }));
    expect(stepIds(made)).toEqual([]);
    expect(notes(made)).toEqual([
      expect.stringMatching(/^jump: \/cpus is 1 at the next boot.*not taken back.*\/memoryMiB$/),
    ]);
    const started = planAt(desired, worldOf(desired, { cpus: 1 }, { autostart: false }));
    expect(stepIds(started)).toEqual(['machine/jump/autostart', 'machine/jump/drift']);
  });

  it.each([
    ['told where the manifest says warn', { mode: 'warn' as const }, 1],
    ['left where it is ignored', { ignore: ['/memoryMiB' as const] }, 0],
    ['not even told where the manifest says ignore', { mode: 'ignore' as const }, 0],
  ])('is %s', (_, drift, told) => {
    const desired = jumpWith(drift);
    const made = planAt(desired, worldOf(desired, { memoryMiB: 4096 }));
    expect([stepIds(made), notes(made).length]).toEqual([[], told]);
  });

  it('waits for a change that a commit asks for', () => {
    const before = jumpWith();
    const after = desire(
      setOf('r2', smallClass({ disk: '20Gi' }), machine('jump', { guestAgent: false })),
      recipes,
      options,
    );
    const larger = {
      ...after,
      machines: after.machines.map((entry) => ({ ...entry, spec: { ...entry.spec, diskMiB: 20_480 } })),
    };
    const made = planAt(larger, worldOf(before, { memoryMiB: 4096 }));
    expect(stepIds(made)).toEqual(['machine/jump/update']);
    expect(notes(made).join()).toContain('when nothing else stands in the way');
  });

  it('is left when somebody added a disk, which a new definition would lose', () => {
    const disks = [{ target: 'vdz', path: '/srv/data.qcow2', serial: null }];
    const made = planAt(jumpWith(), worldOf(jumpWith(), { memoryMiB: 4096, disks }));
    expect(stepIds(made)).toEqual([]);
    expect(notes(made).join('\n')).toContain('/srv/data.qcow2');
  });

  it('is taken back ever more slowly when somebody insists', () => {
    const attempts = (count: number) => ({ 'machine/jump/drift': { count, lastAtMs: NOW - 1_000, error: null } });
    const front = (count: number) =>
      planAt(jumpWith(), worldOf(jumpWith(), { memoryMiB: 4096 }), { attempts: attempts(count) })
        .steps.filter((step) => step.needs.length === 0)
        .map((step) => step.id);
    expect([front(1), front(5)]).toEqual([['machine/jump/drift'], []]);
  });
});

describe('what somebody changed in what runs', () => {
  it('is told, as only a restart takes it back', () => {
    const made = planAt(jumpWith(), worldOf(jumpWith(), {}, live({ memoryMiB: 1024 })));
    expect([stepIds(made), notes(made)]).toEqual([[], [expect.stringContaining('only a restart takes it back')]]);
  });

  it('is taken back at once where it is vCPUs that were taken away', () => {
    const made = planAt(jumpWith(), worldOf(jumpWith(), {}, live({ cpus: 1 })));
    expect(made.steps).toMatchObject([{ id: 'machine/jump/drift-live', action: { kind: 'update-live', cpus: 2 } }]);
    expect(stepIds(planAt(jumpWith(), worldOf(jumpWith(), {}, live({ cpus: 3 }))))).toEqual([]);
  });

  it('is not called drift while the machine is being made', () => {
    const desired = jumpWith();
    const [jump] = desired.machines;
    const mark = jump && markFor(desired, jump, { provenAtMs: null });
    const made = planAt(
      desired,
      worldOf(desired, { memoryMiB: 4096 }, { ...(mark ? { mark } : {}), autostart: false }),
    );
    expect([stepIds(made).includes('machine/jump/drift'), stepIds(made).includes('machine/jump/autostart')]).toEqual([
      false,
      true,
    ]);
  });
});

describe('autostart', () => {
  it('is turned on again unless that is left to people', () => {
    expect(stepIds(planAt(jumpWith(), worldOf(jumpWith(), {}, { autostart: false })))).toEqual([
      'machine/jump/autostart',
    ]);
    for (const drift of [{ mode: 'warn' as const }, { ignore: ['/autostart' as const] }])
      expect(stepIds(planAt(jumpWith(drift), worldOf(jumpWith(drift), {}, { autostart: false })))).toEqual([]);
  });
});

describe('autostart of a machine that powerState switched off', () => {
  const off = { state: 'shut off' as const, stateReason: 'shutdown', live: null };
  const startOf = (drift: Drift) => {
    const desired = jumpWith(drift);
    return planAt(desired, worldOf(desired, {}, { ...off, autostart: false })).steps.map(({ action }) => action);
  };

  it('comes back with it, also where drift is only told', () => {
    for (const mode of ['warn', 'ignore'] as const)
      expect(startOf({ mode })).toEqual([{ kind: 'start', machine: 'jump', autostart: true }]);
    expect(startOf({}).map(({ kind }) => kind)).toEqual(['set-autostart', 'start']);
  });

  it('is left alone where the manifest says so', () => {
    const ignored: Drift = { ignore: ['/autostart'] };
    expect(startOf(ignored)).toEqual([{ kind: 'start', machine: 'jump' }]);
    const unwanted = jumpWith(ignored, { powerState: 'Off' });
    expect(stepIds(planAt(unwanted, worldOf(unwanted, {}, off)))).toEqual([]);
  });
});

describe('the report of drift', () => {
  it('has patches that turn what is back into what was applied, without what is ignored', () => {
    const desired = jumpWith({ ignore: ['/cpus'] });
    const world = worldOf(desired, { memoryMiB: 4096, cpus: 1 }, { ...live({ memoryMiB: 512 }), autostart: false });
    const [drift] = planDocument(desired, world, planAt(desired, world)).drift;
    expect(drift).toMatchObject({ machine: 'jump', mode: 'correct', ignore: ['/cpus'] });
    const back = { memoryMiB: 4096, autostart: false };
    jsonPatch.applyPatch(back, [...(drift?.next ?? [])] as jsonPatch.Operation[]);
    expect(back).toEqual({ memoryMiB: 2048, autostart: true });
    expect(drift?.live).toEqual([{ op: 'replace', path: '/memoryMiB', value: 2048 }]);
    expect(drift?.entries.find(({ field }) => field === '/cpus')?.isIgnored).toBe(true);
  });

  it('stands for suspended objects too, and nothing is taken back', () => {
    const desired = jumpWith();
    const suspensions = { 'Machine/jump': { reason: 'looking', atMs: NOW } };
    const world = worldOf(desired, { memoryMiB: 4096 });
    const held = { ...world, records: { ...world.records, suspensions } };
    const made = planAt(desired, held);
    expect([stepIds(made), made.blocks.map((block) => block.guard)]).toEqual([[], ['Suspended']]);
    expect(made.blocks[0]?.changes).toEqual([{ path: '/memoryMiB', from: 4096, to: 2048 }]);
    expect(planDocument(desired, held, made).drift).toHaveLength(1);
  });

  it('is empty where every field is as it was applied', () => {
    const desired = jumpWith();
    expect(planDocument(desired, worldOf(desired, {}), planAt(desired, worldOf(desired, {}))).drift).toEqual([]);
    expect([...DRIFT_FIELDS].sort()).toEqual([...DRIFT_FIELDS]);
  });
});
