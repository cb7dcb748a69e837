import type { Desired, DesiredCluster, DesiredMachine } from '../../src/model/desired.ts';
import type { GuestKubernetes, GuestStatus } from '../../src/model/guest-status.ts';
import type { Mark } from '../../src/model/mark.ts';
import type { Domain, Inventory, Observed } from '../../src/model/observed.ts';
import type { Block, Plan, Step, Wait } from '../../src/model/plan.ts';
import type { StatusInput } from '../../src/publish/summarize.ts';

/** A cluster `dev` of one control plane and one worker, all well at v1.36.1. Tests change what they are about. */
export const nowMs = 1_000_000;

const object = { kind: 'Cluster', name: 'dev' } as const;
export const [controlPlane, worker] = ['dev-cp-1', 'dev-general-1'] as const;

export function machine(name: string, more: Partial<DesiredMachine> = {}): DesiredMachine {
  const spec = { image: { digest: 'sha256:aa', os: 'debian', version: '13' }, kubernetes: {} };
  const stateDisk = { filesystemUuid: 'u', serial: 's' };
  const mac = '52:54:00:00:00:01';
  const base = { name, object, uuid: name, mac, spec, stateDisk, needsGuestAgent: true, powerState: 'On' };
  return { ...base, ...more } as unknown as DesiredMachine;
}

export function domain(name: string, more: Partial<Domain> = {}): Domain {
  const mark = { owner: 'kreconcile', object, address: '10.0.0.5', generation: 2, spec: machine(name).spec };
  const base = { name, uuid: name, mark: mark as unknown as Mark, state: 'running', stateReason: 'booted' };
  return { ...base, agent: 'connected', ...more } as unknown as Domain;
}

export function guest(kubernetes: Partial<GuestKubernetes> = {}, more: Partial<GuestStatus> = {}): GuestStatus {
  const nodes = [controlPlane, worker].map((name) => ({ name, ready: true, version: 'v1.36.1' }));
  const base = { phase: 'initialised', version: 'v1.36.1', apiReady: true, nodes, certificatesExpireAtMs: 5e12 };
  const addresses = [{ mac: '52:54:00:00:00:01', address: '10.0.0.9' }];
  return { stateDisk: 'mounted', addresses, kubernetes: { ...base, ...kubernetes }, ...more } as unknown as GuestStatus;
}

export interface World {
  readonly machines?: readonly DesiredMachine[];
  readonly cluster?: Partial<DesiredCluster>;
  readonly domains?: readonly Domain[] | 'unreachable';
  readonly guests?: Readonly<Record<string, GuestStatus | null>>;
  readonly guestsReadAtMs?: number;
  readonly records?: Partial<Observed['records']>;
  readonly plan?: Partial<Plan>;
}

export function inputOf(world: World, more: Partial<StatusInput> = {}): StatusInput {
  const cluster = { name: 'dev', distribution: 'kubeadm', version: 'v1.36.1', powerState: 'On', suspended: false };
  const members = { controlPlanes: [controlPlane], workers: [worker] };
  const machines = world.machines ?? [machine(controlPlane), machine(worker)];
  const desired = { owner: 'kreconcile', clusters: [{ ...cluster, ...members, ...world.cluster }], machines };
  return {
    previous: null,
    host: 'kvm1',
    nowMs,
    source: { url: '/repo', lastGoodRevision: 'r1', lastAttemptedRevision: 'r1', problem: null, checkedAtMs: nowMs },
    desired: desired as unknown as Desired,
    observed: observed(world),
    plan: { steps: [], waits: [], blocks: [], notes: [], ...world.plan } as unknown as Plan,
    outcomes: [],
    startedAtMs: nowMs - 20,
    endedAtMs: nowMs,
    kubeconfigPath: (name) => `/drop/${name}.kubeconfig`,
    ...more,
  };
}

function observed({ domains, guests, guestsReadAtMs, records }: World): Observed {
  const host = { acceleration: 'kvm', accelerationReason: '', hypervisorVersion: 'libvirt 11.0.0' };
  const inventory = { host, domains: domains ?? [domain(controlPlane), domain(worker)] } as unknown as Inventory;
  const words = guests ?? { [controlPlane]: guest(), [worker]: guest() };
  const readings = Object.entries(words).map(([name, value]) =>
    value
      ? [name, { known: true, value, atMs: guestsReadAtMs ?? nowMs - 5000 }]
      : [name, { known: false, reason: 'the guest agent did not answer', atMs: nowMs }],
  );
  const published = [{ cluster: 'dev', guestDigest: 'd', server: 'https://x:6443' }];
  const empty = { applied: [], suspensions: {}, confirmations: [], deleted: [], kubeconfigs: published, backups: [] };
  return {
    inventory:
      domains === 'unreachable'
        ? { known: false, reason: 'libvirt did not answer', atMs: nowMs }
        : { known: true, value: inventory, atMs: nowMs },
    guests: Object.fromEntries(readings),
    records: { ...empty, ...records },
  };
}

export function step(id: string, target: string): Step {
  return { id, target: { kind: 'Machine', name: target }, object, title: `do ${id}` } as unknown as Step;
}

export function wait(id: string, target: string, more: Partial<Wait> = {}): Wait {
  const base = { id, target: { kind: 'Machine', name: target }, object, condition: `${id} is over`, needs: [] };
  return { ...base, sinceMs: nowMs - 1000, untilMs: null, overdue: false, detail: '', ...more } as unknown as Wait;
}

export function block(guard: Block['guard'], target: string): Block {
  const base = { id: guard, target: { kind: 'Machine', name: target }, object, guard, changes: [] };
  return { ...base, reason: `${guard} says no`, wayOut: 'do this' } as Block;
}
