import type { Desired, DesiredCluster, DesiredMachine } from '../../model/desired.ts';
import type { GuestOperation, GuestStatus } from '../../model/guest-status.ts';
import type { Ledger } from '../../model/ledger.ts';
import type { Mark } from '../../model/mark.ts';
import type { Calendar, Domain, Inventory, MachineFolder, Reading, Records } from '../../model/observed.ts';

/** A guest reading older than this is unknown for anything disruptive. */
export const FRESH_READING_MS = 60_000;

/** Everything a planner looks at, with the look-ups that several need. */
export interface Facts {
  readonly desired: Desired;
  readonly inventory: Inventory;
  readonly guests: Readonly<Record<string, Reading<GuestStatus>>>;
  readonly records: Records;
  readonly ledger: Ledger;
  readonly nowMs: number;
  /** What schedules, commands and files say now; `null`: nobody asked. */
  readonly calendar: Calendar | null;
  readonly clusters: ReadonlyMap<string, DesiredCluster>;
  readonly machines: ReadonlyMap<string, DesiredMachine>;
  /** UUIDs of the desired machines. */
  readonly uuids: ReadonlySet<string>;
  readonly domainsByName: ReadonlyMap<string, Domain>;
  readonly domainsByUuid: ReadonlyMap<string, Domain>;
  readonly folders: ReadonlyMap<string, MachineFolder>;
  readonly imageDigests: ReadonlySet<string>;
}

export function factsOf(
  desired: Desired,
  inventory: Inventory,
  guests: Facts['guests'],
  records: Records,
  ledger: Ledger,
  nowMs: number,
  calendar: Calendar | null,
): Facts {
  return {
    desired,
    inventory,
    guests,
    records,
    nowMs,
    calendar,
    ledger: { ...ledger, attempts: ledger.revision === desired.revision ? pastAttempts(ledger, nowMs) : {} },
    clusters: new Map(desired.clusters.map((cluster) => [cluster.name, cluster])),
    machines: new Map(desired.machines.map((machine) => [machine.name, machine])),
    uuids: new Set(desired.machines.map((machine) => machine.uuid)),
    domainsByName: new Map(inventory.domains.map((domain) => [domain.name, domain])),
    domainsByUuid: new Map(inventory.domains.map((domain) => [domain.uuid, domain])),
    folders: new Map(inventory.folders.map((folder) => [folder.machine, folder])),
    imageDigests: new Set(inventory.images.map((image) => image.digest)),
  };
}

/** Of an attempt in the future only the number counts: the host's clock was set back, and nothing may wait until it has caught up. */
function pastAttempts({ attempts }: Ledger, nowMs: number): Ledger['attempts'] {
  if (Object.values(attempts).every((attempt) => attempt.lastAtMs <= nowMs)) return attempts;
  return Object.fromEntries(
    Object.entries(attempts).map(([id, attempt]) => [
      id,
      attempt.lastAtMs <= nowMs ? attempt : { ...attempt, lastAtMs: 0 },
    ]),
  );
}

/** A domain that is ours: its mark says so. */
export interface OwnedDomain {
  readonly domain: Domain;
  readonly mark: Mark;
}

/** The mark if the domain is of our owner, else `null`. */
export function ownMark(domain: Domain, owner: string): Mark | null {
  return domain.mark !== null && domain.mark !== 'unreadable' && domain.mark.owner === owner ? domain.mark : null;
}

/** The guest's status if it is running, was read and is fresh enough to act on; else `null`. */
export function freshGuest(facts: Facts, machine: string): GuestStatus | null {
  const reading = facts.guests[machine];
  const domain = facts.domainsByName.get(machine);
  if (!reading?.known || domain?.state !== 'running') return null;
  // A reading of the future is of before the host's clock was set back: nobody knows how old it is.
  const ageMs = facts.nowMs - reading.atMs;
  return ageMs >= 0 && ageMs <= FRESH_READING_MS ? reading.value : null;
}

/** When the guest was read, or `null`. */
export function guestReadAtMs(facts: Facts, machine: string): number | null {
  const reading = facts.guests[machine];
  return reading?.known ? reading.atMs : null;
}

export function clusterOf(facts: Facts, machine: DesiredMachine): DesiredCluster | null {
  if (machine.object.kind !== 'Cluster') return null;
  return facts.clusters.get(machine.object.name) ?? null;
}

/** Operations of one verb and digest in a guest, by their attempts: the guest's own order goes by a clock that may have been set. */
export function operationsOf(status: GuestStatus | null, prefix: string): readonly GuestOperation[] {
  const found = (status?.operations ?? []).filter((operation) => operation.id.startsWith(prefix));
  return found.sort((a, b) => attemptOf(a.id) - attemptOf(b.id));
}

/** Number of the attempt at the end of an operation's id; 0 without one. */
export function attemptOf(operation: string): number {
  return Number(/-(\d+)$/.exec(operation)?.[1] ?? 0);
}
