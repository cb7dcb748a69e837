import { createSimGuest } from '../../src/drivers/guest/sim/index.ts';
import { createSimHypervisor } from '../../src/drivers/hypervisor/sim/index.ts';
import type { Desired } from '../../src/model/desired.ts';
import { EMPTY_LEDGER, type Ledger } from '../../src/model/ledger.ts';
import { objectKey } from '../../src/model/mark.ts';
import type { Backup, Observed, Records } from '../../src/model/observed.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { Log } from '../../src/model/ports.ts';
import { textDigest } from '../../src/reconcile/desire/identity.ts';
import { createActs } from '../../src/reconcile/execute/acts.ts';
import { type BackupCopying, createBackupCopies } from '../../src/reconcile/execute/backup-copies.ts';
import type { ActParts } from '../../src/reconcile/execute/context.ts';
import { execute } from '../../src/reconcile/execute.ts';
import { observe } from '../../src/reconcile/observe.ts';
import { createReadings, type Readings } from '../../src/reconcile/readings.ts';
import { look, type ReconcileParts, reconcile } from '../../src/reconcile/reconcile.ts';
import { openSimWorld } from '../../src/sim/open.ts';
import { createVirtualClock, type VirtualClock } from '../../src/sim/virtual-clock.ts';
import type { ActPhase, SimAct, SimWorld } from '../../src/sim/world.ts';
import { distributions, oses, programFor } from './drivers.ts';

/** The agent's end at a moment that a test chose. */
export class Crash extends Error {}

/** An agent on a simulated host with a virtual clock: the real loop without the real time. Its `disk` survives it. */
export interface Rollout {
  readonly world: SimWorld;
  readonly clock: VirtualClock;
  readonly disk: Disk;
  /** Ids of steps in the order in which they were done, since the start. */
  readonly done: string[];
  readonly failed: string[];
  plan(desired: Desired): Promise<Plan>;
  observe(): Promise<Observed>;
  /** One pass; a `Crash` in it ends the agent and a new one is there for the next pass. Returns whether it crashed. */
  pass(desired: Desired): Promise<boolean>;
  /** Passes until nothing is left to do or to wait for; returns the last plan. Throws after `mostPasses`. */
  converge(desired: Desired, mostPasses?: number): Promise<Plan>;
  onAct: ((act: SimAct, phase: ActPhase) => void) | null;
}

/** What an agent finds again after its end. */
export interface Disk {
  ledger: Ledger;
  records: Records;
  kubeconfigs: Record<string, string>;
}

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };

export async function createRollout(seed = 'rollout'): Promise<Rollout> {
  const clock = createVirtualClock();
  const world = await openSimWorld('sim://memory', { clock, seed });
  const disk: Disk = {
    ledger: EMPTY_LEDGER,
    kubeconfigs: {},
    records: { applied: [], suspensions: {}, confirmations: [], deleted: [], kubeconfigs: [], backups: [] },
  };
  const rollout: Rollout = {
    world,
    clock,
    disk,
    done: [],
    failed: [],
    onAct: null,
    plan,
    observe: () => agent.observe(),
    pass,
    converge,
  };
  const life = { isOver: false };
  let agent = startAgent(rollout, life);
  // After its end the agent does nothing more, whatever was under way beside the act that ended it.
  world.onAct = (act, phase) => {
    if (life.isOver) throw new Crash();
    try {
      rollout.onAct?.(act, phase);
    } catch (thrown) {
      life.isOver = thrown instanceof Crash;
      throw thrown;
    }
  };

  async function plan(desired: Desired): Promise<Plan> {
    const { world: found } = await look(agent.parts(desired));
    if (!found) throw new Error('the rollout always has a desired state');
    return found.plan;
  }
  async function pass(desired: Desired): Promise<boolean> {
    await reconcile(agent.parts(desired), new AbortController().signal);
    await agent.settled();
    if (!life.isOver) return false;
    life.isOver = false;
    agent = startAgent(rollout, life);
    return true;
  }
  async function converge(desired: Desired, mostPasses = 400): Promise<Plan> {
    for (let passes = 0; passes < mostPasses; passes += 1) {
      await pass(desired);
      const next = await plan(desired);
      const isReady = next.steps.some((step) => step.needs.length === 0);
      const isWaiting = next.waits.some((wait) => wait.needs.length === 0);
      if (!isReady && !isWaiting) return next;
      if (isReady) continue;
      const eventAtMs = await world.nextEventAtMs();
      const lookAtMs = next.lookAgainAtMs ?? Number.POSITIVE_INFINITY;
      clock.moveTo(Math.max(clock.now() + 1, Math.min(eventAtMs ?? Number.POSITIVE_INFINITY, lookAtMs)));
    }
    const stuck = await plan(desired);
    throw new Error(
      `not at rest after ${mostPasses} passes: ${JSON.stringify({ steps: stuck.steps.map((s) => [s.id, s.needs]), waits: stuck.waits.map((w) => [w.id, w.detail]), failed: rollout.failed.slice(-5) })}`,
    );
  }
  return rollout;
}

interface Agent {
  parts(desired: Desired): ReconcileParts;
  observe(): Promise<Observed>;
  settled(): Promise<void>;
}

function startAgent(rollout: Rollout, life: { readonly isOver: boolean }): Agent {
  const { world, clock, disk } = rollout;
  const hypervisor = createSimHypervisor(world, { owner: 'kreconcile' });
  const guest = createSimGuest(world);
  const readings = createReadings(guest, clock, () => {});
  const copies = createBackupCopies(guest, { save: async (backup) => saveBackup(disk, backup) }, clock, () => {});
  const observeNow = () => freshObservation(rollout, hypervisor, readings, copies);
  return {
    observe: observeNow,
    settled: () => copies.settled(),
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
      desire: () => desired,
      observe: observeNow,
      readLedger: async () => disk.ledger,
      writeLedger: async (ledger) => {
        if (!life.isOver) disk.ledger = ledger;
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
      execute: (world, beginning, signal) =>
        execute(
          world.plan,
          {
            clock,
            log: quiet,
            beginning,
            acts: createActs(world, actParts(rollout, life, hypervisor, guest, copies, readings)),
            onOutcome: (step, outcome) => {
              if (outcome.state === 'done') rollout.done.push(step.id);
              if (outcome.state !== 'failed') return;
              rollout.failed.push(`${step.id}: ${outcome.message}`);
            },
          },
          signal,
        ),
      publish: async () => {},
    }),
  };
}

/** Readings are taken at once, so that a virtual clock need not move for them. */
async function freshObservation(
  rollout: Rollout,
  hypervisor: ReturnType<typeof createSimHypervisor>,
  readings: Readings,
  copies: BackupCopying,
): Promise<Observed> {
  const parts = {
    hypervisor,
    readings,
    clock: rollout.clock,
    owner: 'kreconcile',
    records: async () => rollout.disk.records,
    operations: () => copies.operations(),
  };
  const first = await observe(parts);
  if (first.inventory.known) for (const domain of first.inventory.value.domains) readings.outdate(domain.name);
  if (first.inventory.known) readings.refresh(first.inventory.value.domains, 'kreconcile');
  await readings.settled();
  return { ...first, guests: readings.current() };
}

function saveBackup(disk: Disk, backup: Backup): void {
  disk.records = {
    ...disk.records,
    backups: [...disk.records.backups.filter((entry) => entry.id !== backup.id), backup],
  };
}

function actParts(
  rollout: Rollout,
  life: { readonly isOver: boolean },
  hypervisor: ActParts['hypervisor'],
  guest: ActParts['guest'],
  copies: BackupCopying,
  readings: Readings,
): ActParts {
  const { disk } = rollout;
  return {
    hypervisor,
    guest,
    distributions,
    oses,
    program: programFor,
    backups: copies,
    outdate: (machine) => readings.outdate(machine),
    secrets: {
      ensure: async (cluster, requests) =>
        Object.fromEntries(requests.map((request) => [request.name, `${cluster}-${request.name}`])),
    },
    records: {
      forget: async (object, revision) => {
        if (life.isOver) throw new Crash();
        const key = objectKey(object);
        const { applied, deleted } = disk.records;
        disk.records = {
          ...disk.records,
          applied: applied === 'lost' ? 'lost' : applied.filter((entry) => entry !== key),
          deleted: [...deleted, { object: key, revision }],
        };
      },
    },
    kubeconfigs: {
      publish: async (cluster, text, server) => {
        if (life.isOver) throw new Crash();
        disk.kubeconfigs[cluster] = text;
        disk.records = {
          ...disk.records,
          kubeconfigs: [
            ...disk.records.kubeconfigs.filter((entry) => entry.cluster !== cluster),
            { cluster, server, guestDigest: textDigest(text) },
          ],
        };
      },
      remove: async (cluster) => {
        if (life.isOver) throw new Crash();
        delete disk.kubeconfigs[cluster];
        disk.records = {
          ...disk.records,
          kubeconfigs: disk.records.kubeconfigs.filter((entry) => entry.cluster !== cluster),
        };
      },
    },
  };
}
