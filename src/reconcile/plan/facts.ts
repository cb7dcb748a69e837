import type { Desired, DesiredCluster, DesiredMachine } from '../../model/desired.ts';
import type { GuestOperation, GuestStatus } from '../../model/guest-status.ts';
import type { Ledger } from '../../model/ledger.ts';
import { type Mark, type ObjectRef, objectKey } from '../../model/mark.ts';
import type {
  Calendar,
  ConfirmedAct,
  Domain,
  Inventory,
  MachineFolder,
  Reading,
  Records,
} from '../../model/observed.ts';
import type { ClassifiedChange } from '../../model/report.ts';
import { legOf } from './chain.ts';
import { classifyChanges } from './change.ts';

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
  /** By machine that exists: what separates its applied spec from the desired one. */
  readonly changes: ReadonlyMap<string, readonly ClassifiedChange[]>;
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
  const domainsByName = new Map(inventory.domains.map((domain) => [domain.name, domain]));
  const domainsByUuid = new Map(inventory.domains.map((domain) => [domain.uuid, domain]));
  return {
    desired,
    inventory,
    guests,
    records,
    nowMs,
    calendar,
    ledger: { ...ledger, attempts: ledger.revision === desired.revision ? pastAttempts(ledger, nowMs) : {} },
    clusters: new Map(desired.clusters.map((cluster) => [cluster.name, legOf(desired.owner, cluster, domainsByName)])),
    machines: new Map(desired.machines.map((machine) => [machine.name, machine])),
    uuids: new Set(desired.machines.map((machine) => machine.uuid)),
    domainsByName,
    domainsByUuid,
    folders: new Map(inventory.folders.map((folder) => [folder.machine, folder])),
    imageDigests: new Set(inventory.images.map((image) => image.digest)),
    changes: new Map(desired.machines.map((machine) => [machine.name, changesAt(desired, machine, domainsByUuid)])),
  };
}

function changesAt(
  { owner }: Desired,
  machine: DesiredMachine,
  domains: ReadonlyMap<string, Domain>,
): readonly ClassifiedChange[] {
  const domain = domains.get(machine.uuid);
  const mark = domain ? ownMark(domain, owner) : null;
  return domain && mark ? classifyChanges(mark, machine.spec, domain.live?.maxCpus ?? null) : [];
}

/** What separates a machine's applied spec from the desired one; empty for one that does not exist. */
export function changesOf(facts: Facts, machine: string): readonly ClassifiedChange[] {
  return facts.changes.get(machine) ?? [];
}

/** The mark of a desired machine's domain, or `null`: it does not exist, or is not ours. */
export function markOf(facts: Facts, name: string): Mark | null {
  const machine = facts.machines.get(name);
  const domain = machine && facts.domainsByUuid.get(machine.uuid);
  return domain ? ownMark(domain, facts.desired.owner) : null;
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

/** When a person last asked for another try with an object, ms since epoch; 0: never. */
export function retriedAtMs({ records }: Facts, object: ObjectRef): number {
  const key = objectKey(object);
  return Math.max(0, ...(records.retries ?? []).filter((entry) => entry.object === key).map(({ atMs }) => atMs));
}

/** Whether a person has allowed this very thing for the object as the present revision shows it. */
export function isConfirmed({ records, desired }: Facts, object: ObjectRef, act: ConfirmedAct): boolean {
  const key = objectKey(object);
  return records.confirmations.some(
    (entry) => entry.object === key && entry.revision === desired.revision && (entry.allows ?? act) === act,
  );
}

/** A domain that is ours: its mark says so. */
export interface OwnedDomain {
  readonly domain: Domain;
  readonly mark: Mark;
}

/** Longer than this between two passes, and nobody knows what went on: waits with a deadline begin anew. */
const LONGEST_SLEEP_MS = 120_000;

/**
 * How long a condition has been waited for, ms; 0 where it is not. While nobody looked (the host was off, the agent was not there, the clock was set)
 * nothing had a chance to come true, so that time does not count.
 */
export function waitedMs({ ledger, nowMs }: Facts, wait: string, pollMs = 0): number {
  const sinceMs = ledger.since[wait] ?? nowMs;
  const lookedAtMs = ledger.lookedAtMs ?? nowMs;
  const wasAsleep = Math.abs(nowMs - lookedAtMs) > Math.max(LONGEST_SLEEP_MS, 3 * pollMs);
  return wasAsleep ? 0 : Math.max(0, nowMs - sinceMs);
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
