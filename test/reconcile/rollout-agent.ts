import { createCalendar } from '../../src/calendar/calendar.ts';
import type { Guest } from '../../src/drivers/guest/guest.ts';
import { createSimGuest } from '../../src/drivers/guest/sim/index.ts';
import type { Hypervisor } from '../../src/drivers/hypervisor/hypervisor.ts';
import { createSimHypervisor } from '../../src/drivers/hypervisor/sim/index.ts';
import type { Desired } from '../../src/model/desired.ts';
import type { Ledger } from '../../src/model/ledger.ts';
import { objectKey } from '../../src/model/mark.ts';
import type { Backup, HostBlocker, HostOperation, Observed, Records } from '../../src/model/observed.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { Clock, Log } from '../../src/model/ports.ts';
import { textDigest } from '../../src/reconcile/desire/identity.ts';
import { createActs } from '../../src/reconcile/execute/acts.ts';
import { createBackupCopies } from '../../src/reconcile/execute/backup-copies.ts';
import { createBackupUploads } from '../../src/reconcile/execute/backup-uploads.ts';
import type { ActParts } from '../../src/reconcile/execute/context.ts';
import { type Acts, execute } from '../../src/reconcile/execute.ts';
import { observe } from '../../src/reconcile/observe.ts';
import { createReadings, type Readings } from '../../src/reconcile/readings.ts';
import type { ReconcileParts, World } from '../../src/reconcile/reconcile.ts';
import type { VirtualClock } from '../../src/sim/virtual-clock.ts';
import type { ActPhase, SimAct, SimWorld } from '../../src/sim/world.ts';
import { distributions, oses, programFor } from './drivers.ts';

/** The agent's end at a moment that a test chose. */
export class Crash extends Error {}

/** What an agent finds again after its end. */
export interface Disk {
  ledger: Ledger;
  records: Records;
  kubeconfigs: Record<string, string>;
  /** By id: what lies in the backup folder. */
  readonly backups: Map<string, Uint8Array>;
}

/** An act on the world, or on what the agent keeps and publishes on its host. */
export type OutwardAct = Omit<SimAct, 'role'> & { readonly role: SimAct['role'] | 'records' };

/** Where a test puts its hand between the engine and what it works on. */
export interface Engine {
  /** What the engine takes for desired. */
  desired?(desired: Desired): Desired;
  plan?(plan: Plan, world: World): Plan;
  observed?(observed: Observed): Observed;
  acts?(acts: Acts, parts: ActParts, world: World): Acts;
  hypervisor?(hypervisor: Hypervisor): Hypervisor;
  guest?(guest: Guest): Guest;
}

/** The host that an agent lives on. `isOver`: the agent has ended, and whatever was under way beside the act that ended it does nothing more. */
export interface AgentHost {
  readonly world: SimWorld;
  readonly clock: VirtualClock;
  readonly disk: Disk;
  readonly engine: Engine;
  /** Readings of guests are one pass old, as an agent's are that never waits for one; else they are taken at once. */
  readonly readsBeside: boolean;
  readonly done: string[];
  readonly failed: string[];
  isOver: boolean;
  /** By object key: what forbids its disruptions on this host. */
  blockers: Readonly<Record<string, readonly HostBlocker[]>>;
  /** How far the host's clock, which the agent reads, is ahead of the time in which things happen. */
  skewMs: number;
  onAct: ((act: OutwardAct, phase: ActPhase) => void) | null;
}

export interface Agent {
  parts(desired: Desired): ReconcileParts;
  observe(): Promise<Observed>;
  settled(): Promise<void>;
}

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };

/** What the host does with an outward act; after its end the agent acts no more. */
export function meetAct(host: AgentHost, act: OutwardAct, phase: ActPhase): void {
  if (host.isOver) throw new Crash();
  try {
    host.onAct?.(act, phase);
  } catch (thrown) {
    host.isOver = thrown instanceof Crash;
    throw thrown;
  }
}

/** A new agent, which remembers nothing but what is on the disk. */
export function startAgent(host: AgentHost): Agent {
  const { world, disk, engine } = host;
  const clock: Clock = { now: () => host.clock.now() + host.skewMs };
  const plainHypervisor = createSimHypervisor(world, { owner: 'kreconcile' });
  const plainGuest = createSimGuest(world);
  const hypervisor = engine.hypervisor?.(plainHypervisor) ?? plainHypervisor;
  const guest = engine.guest?.(plainGuest) ?? plainGuest;
  const readings = createReadings(guest, clock, () => {});
  const calendar = createCalendar({ read: async () => host.blockers, settled: () => Promise.resolve() });
  const copies = createBackupCopies(
    guest,
    { save: async (backup, content) => saveBackup(host, backup, content) },
    clock,
    () => {},
  );
  const uploads = createBackupUploads(
    guest,
    async ({ id }) => disk.backups.get(id) ?? new Uint8Array(),
    clock,
    () => {},
  );
  const operations = () => [...copies.operations(), ...uploads.operations()];
  const observeNow = async (desired?: Desired) => {
    const fresh = await freshObservation(host, clock, hypervisor, readings, operations);
    const observed = desired ? { ...fresh, calendar: await calendar.read(desired, clock.now()) } : fresh;
    return engine.observed?.(observed) ?? observed;
  };
  return {
    observe: () => observeNow(),
    settled: async () => {
      await copies.settled();
      await uploads.settled();
    },
    parts: (desired) => ({
      clock,
      source: async () => ({
        set: { revision: desired.revision, manifests: [], files: {} },
        status: {
          url: 'test',
          lastGoodRevision: desired.revision,
          lastAttemptedRevision: desired.revision,
          problem: null,
          checkedAtMs: clock.now(),
        },
      }),
      desire: () => engine.desired?.(desired) ?? desired,
      observe: () => observeNow(engine.desired?.(desired) ?? desired),
      readLedger: async () => disk.ledger,
      writeLedger: async (ledger) => {
        if (!host.isOver) disk.ledger = ledger;
      },
      recordApplied: async () => {
        const keys = [
          ...desired.clusters.map((entry) => `Cluster/${entry.name}`),
          ...desired.machines
            .filter((entry) => entry.object.kind === 'Machine')
            .map((entry) => `Machine/${entry.name}`),
        ];
        const applied =
          disk.records.applied === 'lost' ? ('lost' as const) : [...new Set([...disk.records.applied, ...keys])].sort();
        disk.records = { ...disk.records, applied };
      },
      execute: (found, beginning, signal) => {
        const parts = actParts(host, hypervisor, guest, { backups: copies, uploads }, readings);
        const acts = createActs(found, parts);
        return execute(
          engine.plan?.(found.plan, found) ?? found.plan,
          {
            clock,
            log: quiet,
            beginning,
            acts: engine.acts?.(acts, parts, found) ?? acts,
            onOutcome: (step, outcome) => {
              if (outcome.state === 'done') host.done.push(step.id);
              if (outcome.state !== 'failed') return;
              host.failed.push(`${step.id}: ${outcome.message}`);
            },
          },
          signal,
        );
      },
      publish: async () => {},
    }),
  };
}

/** Readings are taken at once, so that a virtual clock need not move for them. */
async function freshObservation(
  host: AgentHost,
  clock: Clock,
  hypervisor: Hypervisor,
  readings: Readings,
  operations: () => readonly HostOperation[],
): Promise<Observed> {
  const before = readings.current();
  const first = await observe({
    hypervisor,
    readings,
    clock,
    owner: 'kreconcile',
    records: async () => host.disk.records,
    operations,
  });
  if (first.inventory.known) {
    for (const domain of first.inventory.value.domains) readings.outdate(domain.name);
    readings.refresh(first.inventory.value.domains, 'kreconcile');
  }
  const known = readings.current();
  await readings.settled();
  if (!host.readsBeside) return { ...first, guests: readings.current() };
  return { ...first, guests: Object.fromEntries(Object.entries(before).filter(([name]) => name in known)) };
}

function saveBackup(host: AgentHost, backup: Backup, content: Uint8Array): void {
  const { disk } = host;
  onHost(host, 'saveBackup', backup.machine, () => {
    disk.backups.set(backup.id, content);
    const others = disk.records.backups.filter((entry) => entry.id !== backup.id);
    disk.records = { ...disk.records, backups: [...others, backup] };
  });
}

/** An act on what the agent keeps: it can end before and after it, and where `halfway` is called. */
function onHost(host: AgentHost, name: string, machine: string | null, body: (halfway: () => void) => void): void {
  const act: OutwardAct = { role: 'records', name, machine };
  meetAct(host, act, 'before');
  body(() => meetAct(host, act, 'within'));
  meetAct(host, act, 'after');
}

function actParts(
  host: AgentHost,
  hypervisor: Hypervisor,
  guest: Guest,
  transfers: Pick<ActParts, 'backups' | 'uploads'>,
  readings: Readings,
): ActParts {
  return {
    hypervisor,
    guest,
    distributions,
    oses,
    program: programFor,
    ...transfers,
    outdate: (machine) => readings.outdate(machine),
    secrets: {
      ensure: async (cluster, requests) =>
        Object.fromEntries(requests.map((request) => [request.name, `secret-${cluster}-${request.name}`])),
    },
    records: recordsOf(host),
    kubeconfigs: kubeconfigsOf(host),
  };
}

function recordsOf(host: AgentHost): ActParts['records'] {
  const { disk } = host;
  return {
    forget: async (object, revision) =>
      onHost(host, 'forget', null, (halfway) => {
        const key = objectKey(object);
        disk.records = { ...disk.records, deleted: [...disk.records.deleted, { object: key, revision }] };
        halfway();
        const { applied } = disk.records;
        disk.records = {
          ...disk.records,
          applied: applied === 'lost' ? 'lost' : applied.filter((entry) => entry !== key),
        };
      }),
    endAdoption: async (object) =>
      onHost(host, 'endAdoption', null, () => {
        const adoptions = disk.records.adoptions?.filter((entry) => entry.object !== object) ?? [];
        disk.records = { ...disk.records, adoptions };
      }),
    endRestoration: async (cluster) =>
      onHost(host, 'endRestoration', null, () => {
        const restorations = disk.records.restorations?.filter((entry) => entry.cluster !== cluster) ?? [];
        disk.records = { ...disk.records, restorations };
      }),
  };
}

function kubeconfigsOf(host: AgentHost): ActParts['kubeconfigs'] {
  const { disk } = host;
  const note = (cluster: string, now: Records['kubeconfigs']): void => {
    const others = disk.records.kubeconfigs.filter((entry) => entry.cluster !== cluster);
    disk.records = { ...disk.records, kubeconfigs: [...others, ...now] };
  };
  return {
    publish: async (cluster, text, server) =>
      onHost(host, 'publishKubeconfig', null, (halfway) => {
        disk.kubeconfigs[cluster] = text;
        halfway();
        note(cluster, [{ cluster, server, guestDigest: textDigest(text) }]);
      }),
    remove: async (cluster) =>
      onHost(host, 'removeKubeconfig', null, (halfway) => {
        delete disk.kubeconfigs[cluster];
        halfway();
        note(cluster, []);
      }),
  };
}
