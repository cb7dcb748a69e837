import { describe, expect, it } from 'vitest';
import type { Status } from '../../src/model/status.ts';
import { summarize } from '../../src/publish/summarize.ts';
import {
  block,
  controlPlane,
  domain,
  guest,
  inputOf,
  machine,
  nowMs,
  step,
  type World,
  wait,
  worker,
} from './scene.ts';

const statusOf = (world: World): Status => summarize(inputOf(world));

/** `Ready=True/NodeReady` and so on, of the cluster or one machine. */
function conditionsOf(status: Status, name = 'dev'): readonly string[] {
  const found = [...status.clusters, ...status.machines].find((entry) => entry.name === name);
  return (found?.conditions ?? []).map(({ type, status: value, reason }) => `${type}=${value}/${reason}`);
}

it('tells of a note what it is about, once', () => {
  const target = { kind: 'Machine', name: worker } as const;
  const notes = [
    { target, text: `${worker}: /cpus is another` },
    { target, text: 'its old root disk is kept' },
  ];
  expect(statusOf({ plan: { notes } }).notes).toEqual([
    `${worker}: /cpus is another`,
    `Machine/${worker}: its old root disk is kept`,
  ]);
});

describe('the status of a cluster that is well', () => {
  it('is Ready and says versions, kubeconfig and addresses', () => {
    const status = statusOf({});
    expect(conditionsOf(status)).toEqual(['Ready=True/ReconciliationSucceeded']);
    expect(conditionsOf(status, worker)).toEqual(['Ready=True/NodeReady']);
    expect(status.clusters[0]).toMatchObject({
      desiredVersion: 'v1.36.1',
      observedVersion: 'v1.36.1',
      kubeconfig: '/drop/dev.kubeconfig',
      certificatesExpireAtMs: 5e12,
      suspended: false,
    });
    expect(status.machines[0]).toMatchObject({
      cluster: 'dev',
      role: 'control-plane',
      state: 'running',
      address: '10.0.0.5',
      image: 'debian 13',
      generation: 2,
    });
    expect(status.hypervisor).toEqual({ reachable: true, message: 'libvirt 11.0.0, KVM' });
  });
});

describe('Ready of a machine', () => {
  const of = (world: World) => conditionsOf(statusOf(world), worker)[0];
  const others = { [controlPlane]: guest() };
  it.each<[string, World]>([
    ['Ready=Unknown/HypervisorUnreachable', { domains: 'unreachable' }],
    ['Ready=False/NotCreated', { domains: [domain(controlPlane)] }],
    ['Ready=False/Conflict', { domains: [domain(controlPlane), domain(worker, { mark: null })] }],
    ['Ready=False/NotRunning', { domains: [domain(controlPlane), domain(worker, { state: 'shut off' })] }],
    ['Ready=Unknown/GuestSilent', { guests: others }],
    ['Ready=Unknown/GuestSilent', { guests: { ...others, [worker]: null } }],
    ['Ready=Unknown/GuestSilent', { guestsReadAtMs: nowMs - 61_000 }],
    ['Ready=False/StateDisk', { guests: { ...others, [worker]: guest({}, { stateDisk: 'foreign' }) } }],
    ['Ready=False/NotJoined', { guests: { ...others, [worker]: guest({ phase: 'installed' }) } }],
    ['Ready=Unknown/NodeUnknown', { guests: { [controlPlane]: guest({ nodes: [] }), [worker]: guest() } }],
    ['Ready=False/NotUpToDate', { cluster: { version: 'v1.36.2' } }],
  ])('is %s', (condition, world) => expect(of(world)).toBe(condition));

  it('is True for one that is switched off as desired, and for one whose guest is not asked', () => {
    const off = machine(worker, { powerState: 'Off' });
    const domains = [domain(controlPlane), domain(worker, { state: 'shut off' })];
    expect(of({ machines: [machine(controlPlane), off], domains })).toBe('Ready=True/PoweredOff');
    const plain = machine('web', { object: { kind: 'Machine', name: 'web' }, needsGuestAgent: false });
    const status = statusOf({
      machines: [plain],
      cluster: { controlPlanes: [], workers: [] },
      domains: [domain('web')],
    });
    expect(conditionsOf(status, 'web')).toEqual(['Ready=True/Running']);
  });
});

describe('what is planned', () => {
  it('makes its machine and its cluster Reconciling, and no other machine', () => {
    const status = statusOf({ plan: { steps: [step('live', worker)] } });
    expect(conditionsOf(status, worker)).toEqual(['Ready=False/Progressing', 'Reconciling=True/Progressing']);
    expect(conditionsOf(status, controlPlane)).toEqual(['Ready=True/NodeReady']);
    expect(conditionsOf(status)).toEqual(['Ready=False/Progressing', 'Reconciling=True/Progressing']);
    expect(status.pendingSteps).toBe(1);
  });

  it('stays Ready while only house is kept, as by a backup on schedule', () => {
    const id = `machine/${controlPlane}/backup`;
    const backup = statusOf({
      plan: { steps: [{ ...step('backup', controlPlane), id }], waits: [wait(`${id}/done`, controlPlane)] },
    });
    expect(conditionsOf(backup)).toEqual(['Ready=True/ReconciliationSucceeded', 'Reconciling=True/Progressing']);
    const change = statusOf({
      plan: { steps: [{ ...step('backup', controlPlane), id }, step('shutdown', controlPlane)] },
    });
    expect(conditionsOf(change)[0]).toBe('Ready=False/Progressing');
  });

  it('shows a try that is waited for', () => {
    const status = statusOf({ plan: { waits: [wait(`machine/${worker}/start/backoff`, worker)] } });
    expect(conditionsOf(status, worker)[1]).toBe('Reconciling=True/ProgressingWithRetry');
    expect(status.waits).toEqual([
      expect.objectContaining({ target: `Machine/${worker}`, sinceMs: nowMs - 1000, untilMs: null }),
    ]);
  });

  it('stalls where only a person can help, with the way out, and not where time can', () => {
    const stalled = statusOf({ plan: { blocks: [block('RecreateNeeded', worker)] } });
    expect(conditionsOf(stalled)).toEqual(['Ready=False/RecreateNeeded', 'Stalled=True/RecreateNeeded']);
    expect(stalled.clusters[0]?.conditions[0]?.message).toBe('RecreateNeeded says no (do this)');
    expect(stalled.blocks).toEqual([
      { target: `Machine/${worker}`, guard: 'RecreateNeeded', reason: 'RecreateNeeded says no', wayOut: 'do this' },
    ]);
    const back = statusOf({ plan: { blocks: [block('RolloutHalted', worker), block('Quarantined', worker)] } });
    expect(conditionsOf(back, worker)).toEqual(['Ready=True/NodeReady', 'Stalled=True/RolledBack']);
    const waiting = statusOf({ plan: { blocks: [block('BackupFresh', worker)] } });
    expect(conditionsOf(waiting)).toEqual(['Ready=False/DependencyNotReady', 'Reconciling=True/DependencyNotReady']);
    const overdue = statusOf({ plan: { waits: [wait('boot', worker, { overdue: true })] } });
    expect(conditionsOf(overdue)).toContain('Stalled=True/DeadlinePassed');
  });

  it('says that a suspension holds it back, which is no failure', () => {
    const plan = {
      blocks: [block('Suspended', worker)],
      waits: [wait('x', worker, { condition: 'suspended: start' })],
    };
    const status = statusOf({ plan, records: { suspensions: { 'Cluster/dev': { reason: 'holiday', atMs: 1 } } } });
    expect(conditionsOf(status)).toEqual(['Ready=False/Suspended']);
    expect(status.clusters[0]?.suspended).toBe(true);
    expect(status.suspended).toBe(null);
  });
});

describe('the status of a cluster', () => {
  it('counts the machines that are as desired and names one that is not', () => {
    const status = statusOf({ domains: [domain(controlPlane)] });
    expect(status.clusters[0]?.conditions[0]).toMatchObject({
      status: 'False',
      reason: 'NotCreated',
      message: `1 of 2 machines are as desired; ${worker}: there is no domain yet`,
    });
  });

  it('shows the lowest version of its nodes, and nothing for what is no version', () => {
    const nodes = (version: string) =>
      [controlPlane, worker].map((name) => ({ name, ready: true, version: name === worker ? version : 'v1.36.10' }));
    const shown = (version: string) => {
      const word = guest({ nodes: nodes(version) as never });
      return statusOf({ guests: { [controlPlane]: word, [worker]: word } }).clusters[0]?.observedVersion;
    };
    expect(shown('v1.36.9')).toBe('v1.36.9');
    expect(shown('v1.36.10+k3s2')).toBe('v1.36.10');
    expect(shown('$(reboot)')).toBe('v1.36.10');
  });

  it('is not Ready without an API server or before its kubeconfig is published', () => {
    const down = guest({ apiReady: false });
    expect(conditionsOf(statusOf({ guests: { [controlPlane]: down, [worker]: guest() } }))).toEqual([
      'Ready=False/ApiNotReady',
    ]);
    expect(conditionsOf(statusOf({ records: { kubeconfigs: [] } }))).toEqual(['Ready=False/KubeconfigMissing']);
  });
});

describe('the status as a whole', () => {
  it('shows a machine of ours that no manifest names, and no foreign one', () => {
    const status = statusOf({
      domains: [domain(controlPlane), domain(worker), domain('old'), domain('foreign', { mark: null })],
    });
    expect(status.machines.map(({ name }) => name)).toEqual([controlPlane, worker, 'old']);
    expect(conditionsOf(status, 'old')).toEqual(['Ready=False/NotDesired']);
  });

  it('keeps since when things are so, as long as status and reason stay', () => {
    const before = statusOf({ domains: [domain(controlPlane)] });
    const later = { previous: before, nowMs: nowMs + 5000 };
    const same = summarize(inputOf({ domains: [domain(controlPlane)] }, later));
    expect(same.clusters[0]?.conditions[0]?.sinceMs).toBe(nowMs);
    const other = summarize(inputOf({}, later));
    expect(other.clusters[0]?.conditions[0]?.sinceMs).toBe(nowMs + 5000);
  });

  it('exists before the first valid revision, and says what failed', () => {
    const nothing = summarize(inputOf({}, { desired: null, observed: null, plan: null }));
    expect(nothing).toMatchObject({ clusters: [], machines: [], pendingSteps: 0, hypervisor: { reachable: false } });
    const failed = { step: 's', state: 'failed', atMs: 1, code: 'VirshFailed', message: 'no', hint: '' } as const;
    const { lastPass } = summarize(inputOf({}, { outcomes: [failed] }));
    expect(lastPass).toEqual({ startedAtMs: nowMs - 20, tookMs: 20, stepsRun: 1, failures: ['s: no (VirshFailed)'] });
  });
});
