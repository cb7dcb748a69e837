import type { Composition, Pokes } from '../agent/agent-parts.ts';
import type { CalendarReader } from '../calendar/calendar.ts';
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
export function composePasses(
  workshop: Workshop,
  keeper: Pick<SourceKeeper, 'current'>,
  url: string,
  pokes: Pokes,
  calendar: CalendarReader = openCalendar(workshop, pokes.hostChanged),
): Composition {
  const { clock, log, config, records, ledger, drivers } = workshop;
  const readings = createReadings(drivers.guest, clock, pokes.guestRead);
  const backups = createBackupCopies(drivers.guest, workshop.backups, clock, pokes.hostChanged);
  const uploads = createBackupUploads(drivers.guest, workshop.backups.read, clock, pokes.hostChanged);
  const actParts = actPartsOf(workshop, { backups, uploads, outdate: readings.outdate });
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
  const settled = async (): Promise<void> => {
    await Promise.all([readings.settled(), backups.settled(), uploads.settled()]);
  };
  return { reconcile, readings, settled };
}

function actPartsOf(workshop: Workshop, beside: Pick<ActParts, 'backups' | 'uploads' | 'outdate'>): ActParts {
  const { config, drivers, library, records, kubeconfigs, files } = workshop;
  return {
    ...drivers,
    distributions: library.distributions,
    oses: library.oses,
    program: library.program,
    secrets: createSecrets(files, config.folders.state),
    records,
    kubeconfigs,
    ...beside,
  };
}

function objectsOf(desired: Parameters<ReconcileParts['recordApplied']>[0]): readonly string[] {
  return [...new Set(desired.machines.map((machine) => objectKey(machine.object)))];
}
