import type { Desired, DesiredMachine } from '../../../src/model/desired.ts';
import { EMPTY_LEDGER, type Ledger } from '../../../src/model/ledger.ts';
import type { Mark } from '../../../src/model/mark.ts';
import type { Domain, DomainShape, Inventory, Observed, Records } from '../../../src/model/observed.ts';
import type { Plan } from '../../../src/model/plan.ts';
import { plan } from '../../../src/reconcile/plan/index.ts';

/** Hand-made observations for tests of single planners; whole rollouts are tested on the simulator. */
export const NOW = 1_800_000_000_000;

export const emptyInventory: Inventory = {
  host: {
    cpus: 16,
    memoryMiB: 65_536,
    freeDiskMiB: 500_000,
    arch: 'x86_64',
    acceleration: 'kvm',
    accelerationReason: '',
    hypervisorVersion: '9.0.0',
  },
  domains: [],
  images: [],
  operations: [],
  folders: [],
  networks: [
    {
      kind: 'network',
      name: 'default',
      active: true,
      reservations: [],
      dhcp: { start: '192.168.122.2', end: '192.168.122.254', gateway: '192.168.122.1', prefix: 24 },
    },
  ],
};

export const noRecords: Records = {
  applied: [],
  suspensions: {},
  confirmations: [],
  deleted: [],
  kubeconfigs: [],
  backups: [],
};

export function observed(
  inventory: Partial<Inventory> = {},
  records: Partial<Records> = {},
  guests: Observed['guests'] = {},
): Observed {
  return {
    inventory: { known: true, atMs: NOW, value: { ...emptyInventory, ...inventory } },
    guests,
    records: { ...noRecords, ...records },
  };
}

export function markFor(desired: Desired, machine: DesiredMachine, change: Partial<Mark> = {}): Mark {
  return {
    schema: 1,
    owner: desired.owner,
    object: machine.object,
    machine: machine.name,
    spec: machine.spec,
    address: null,
    generation: 1,
    previousGeneration: null,
    provenAtMs: NOW - 1000,
    quarantined: [],
    prune: machine.prune,
    deletionPolicy: machine.deletionPolicy,
    revision: 'r0',
    ...change,
  };
}

export function domainFor(desired: Desired, machine: DesiredMachine, change: Partial<Domain> = {}): Domain {
  const { attach } = machine.spec.network;
  const shape: DomainShape = {
    cpus: machine.spec.cpus,
    maxCpus: machine.spec.cpus * 2,
    memoryMiB: machine.spec.memoryMiB,
    machineType: 'pc-q35-7.2',
    acceleration: 'kvm',
    disks: [],
    interfaces: [{ mac: machine.mac, kind: attach.kind, source: attach.name }],
  };
  return {
    name: machine.name,
    uuid: machine.uuid,
    mark: markFor(desired, machine),
    state: 'running',
    stateReason: 'booted',
    persistent: true,
    autostart: true,
    managedSave: false,
    agent: 'connected',
    live: shape,
    next: shape,
    ...change,
  };
}

export function planAt(desired: Desired, world: Observed, ledger: Partial<Ledger> = {}, nowMs: number = NOW): Plan {
  return plan(desired, world, { ...EMPTY_LEDGER, revision: desired.revision, ...ledger }, nowMs);
}

export const stepIds = (made: Plan): readonly string[] => made.steps.map((step) => step.id);
export const guards = (made: Plan): readonly string[] => made.blocks.map((block) => block.guard);
