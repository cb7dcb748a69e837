import type { Host, SimulateRequest } from '../cli/context.ts';
import { KreError } from '../model/error.ts';
import { typicalDurations } from '../model/history.ts';
import type { Inventory } from '../model/observed.ts';
import type { Log } from '../model/ports.ts';
import { problemsError } from '../model/problem.ts';
import type { Simulation } from '../model/simulation.ts';
import { desiredDigest } from '../reconcile/desire/digest.ts';
import type { Look, World } from '../reconcile/reconcile.ts';
import { openWorldWith } from '../sim/open.ts';
import { createVirtualClock, type VirtualClock } from '../sim/virtual-clock.ts';
import type { SimWorld } from '../sim/world.ts';
import { recordsAsCopied } from '../simulate/as-copied.ts';
import { copyWorld } from '../simulate/copy/world.ts';
import { usedDurations } from '../simulate/durations.ts';
import { type FaultNames, parseFault, simFaults } from '../simulate/faults.ts';
import { DEFAULT_LIMITS } from '../simulate/rest.ts';
import { rehearse } from '../simulate/run.ts';
import { snapshotFiles } from '../simulate/snapshot-files.ts';
import { createRecorder } from '../simulate/timeline/recorder.ts';
import { composeRehearsal, simulatedDrivers } from './rehearsal.ts';
import { openWorkshop, type Workshop } from './workshop.ts';

/** What was looked at, with the manifests behind it. */
export interface Found {
  readonly look: Look;
  readonly set: Parameters<Workshop['desire']>[0];
}

/** Looks, and rehearses the newest revision. Wrong manifests are told before whatever the look ran into. */
export async function simulateNewest(
  host: Pick<Host, 'newest' | 'look'> & { readonly workshop: () => Promise<Workshop> },
  request: SimulateRequest,
): ReturnType<Host['simulate']> {
  const looking = host.look(request.guests);
  void looking.catch(() => undefined);
  const result = await host.newest();
  if (!result.ok) throw problemsError(result.problems);
  const { caveats, ...look } = await looking;
  const simulation = await simulate(await host.workshop(), { look, set: result.set }, request);
  return { simulation, caveats };
}

/** Rehearses what was looked at in a copy of the host. Touches nothing: files are read once and changed in memory, the drivers are the simulator's. */
export async function simulate(workshop: Workshop, found: Found, request: SimulateRequest): Promise<Simulation> {
  const { world: seen, ledger } = found.look;
  const inventory = seen?.observed.inventory;
  if (!seen || !inventory?.known)
    throw hostUnknown(inventory && !inventory.known ? inventory.reason : 'there is no desired state');
  const { durations, used } = usedDurations(typicalDurations(await workshop.history.lines()));
  const nowMs = seen.plan.atMs;
  const { state, assumptions } = copyWorld({
    desired: seen.desired,
    inventory: inventory.value,
    guests: seen.observed.guests,
    nowMs,
    durations,
    imagesFolder: workshop.config.folders.images,
  });
  const names = faultNames(seen, inventory.value);
  const faults = request.faults.map((text) => parseFault(text, names));
  state.faults = faults.flatMap((fault) => [...simFaults(fault, names)]);
  const clock = createVirtualClock(nowMs);
  const recorder = createRecorder(nowMs, inventory.value.host);
  const copy = await copiedWorkshop(workshop, openWorldWith(state, clock), clock, seen);
  const parts = composeRehearsal({
    ...copy,
    clock,
    set: found.set,
    ledger,
    blockers: seen.observed.calendar?.blockers ?? {},
  });
  const rest = await rehearse({ ...parts, recorder, limits: DEFAULT_LIMITS, signal: request.signal });
  const { revision } = seen.desired;
  return {
    schema: 1,
    revision,
    desired: desiredDigest(seen.desired),
    copiedAtMs: nowMs,
    ...recorder.finish(rest),
    durations: used,
    faults: request.faults,
    assumptions,
  };
}

/** The agent's parts over the copy: its files are a snapshot that is changed in memory alone, its drivers the simulator's. */
async function copiedWorkshop(
  workshop: Workshop,
  world: SimWorld,
  clock: VirtualClock,
  seen: World,
): Promise<{ readonly workshop: Workshop; readonly world: SimWorld }> {
  const { config, http } = workshop;
  const drivers = simulatedDrivers(world, config.owner);
  const files = snapshotFiles(workshop.files);
  const made = await openWorkshop({ config, clock, speed: 1, files, http, log: quiet, drivers });
  const copied = recordsAsCopied({
    seen,
    state: await world.look((hand) => hand.state),
    guest: drivers.guest,
    records: made.records.read,
    readBackup: made.backups.read,
  });
  const records = { ...made.records, read: copied.records };
  const backups = { ...made.backups, read: copied.readBackup };
  return { workshop: { ...made, records, backups }, world };
}

function faultNames({ desired }: World, { domains }: Inventory): FaultNames {
  const own = domains.filter(({ mark }) => mark !== null && mark !== 'unreadable' && mark.owner === desired.owner);
  const names = [...new Set([...desired.machines, ...own].map((machine) => machine.name))];
  return {
    machines: new Map(
      names.map((name) => {
        const wanted = desired.machines.find((machine) => machine.name === name) ?? null;
        return [name, { wanted, present: own.find((domain) => domain.name === name) ?? null }];
      }),
    ),
    images: new Map(desired.images.map((image) => [image.name, image.digest])),
  };
}

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };

function hostUnknown(reason: string): KreError {
  return new KreError({
    code: 'HypervisorUnreachable',
    message: `the host cannot be copied: ${reason}`,
    hint: 'A rehearsal begins with the host as it is: make the hypervisor answer first.',
    disposition: 'retry',
  });
}
