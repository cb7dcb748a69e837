import type { Composition, Pokes } from '../agent/agent-parts.ts';
import { objectKey } from '../model/mark.ts';
import { createActs } from '../reconcile/execute/acts.ts';
import { createBackupCopies } from '../reconcile/execute/backup-copies.ts';
import { createBackupUploads } from '../reconcile/execute/backup-uploads.ts';
import type { ActParts } from '../reconcile/execute/context.ts';
import { execute } from '../reconcile/execute.ts';
import { observe } from '../reconcile/observe.ts';
import { createReadings } from '../reconcile/readings.ts';
import type { ReconcileParts } from '../reconcile/reconcile.ts';
import { createSecrets } from '../records/secrets.ts';
import type { SourceKeeper } from '../source/keeper.ts';
import { openCalendar } from './calendar.ts';
import type { Workshop } from './workshop.ts';

/** What the agent's passes are made of. */
export function composePasses(workshop: Workshop, keeper: SourceKeeper, url: string, pokes: Pokes): Composition {
  const { clock, log, config, records, ledger, drivers } = workshop;
  const readings = createReadings(drivers.guest, clock, pokes.guestRead);
  const backups = createBackupCopies(drivers.guest, workshop.backups, clock, pokes.hostChanged);
  const calendar = openCalendar(workshop, pokes.hostChanged);
  const uploads = createBackupUploads(drivers.guest, workshop.backups.read, clock, pokes.hostChanged);
  const actParts: ActParts = {
    ...drivers,
    distributions: workshop.library.distributions,
    oses: workshop.library.oses,
    program: workshop.library.program,
    secrets: createSecrets(workshop.files, config.folders.state),
    records,
    kubeconfigs: workshop.kubeconfigs,
    backups,
    uploads,
    outdate: readings.outdate,
  };
  const reconcile: ReconcileParts = {
    clock,
    source: async () => {
      const { enforced, attempted, problem, checkedAtMs } = keeper.current();
      const lastGoodRevision = enforced?.revision ?? null;
      return {
        set: enforced?.set ?? null,
        status: { url, lastGoodRevision, lastAttemptedRevision: attempted, problem, checkedAtMs },
      };
    },
    desire: workshop.desire,
    observe: (desired) =>
      observe({
        hypervisor: drivers.hypervisor,
        readings,
        records: records.read,
        operations: () => [...backups.operations(), ...uploads.operations()],
        clock,
        owner: config.owner,
        ...(desired ? { calendar: () => calendar.read(desired, clock.now()) } : {}),
      }),
    readLedger: ledger.read,
    writeLedger: ledger.write,
    recordApplied: (desired) => records.addApplied(objectsOf(desired)),
    execute: (world, beginning, signal) =>
      execute(
        world.plan,
        { acts: createActs(world, actParts), clock, log, beginning, onOutcome: () => undefined },
        signal,
      ),
    publish: async (result) => {
      await workshop.publisher.publish(result);
      await workshop.history.record(result);
    },
  };
  return { reconcile, readings };
}

function objectsOf(desired: Parameters<ReconcileParts['recordApplied']>[0]): readonly string[] {
  return [...new Set(desired.machines.map((machine) => objectKey(machine.object)))];
}
