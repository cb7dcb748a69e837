import type { DesiredMachine } from '../../../model/desired.ts';
import { objectKey } from '../../../model/mark.ts';
import { DISK_RESERVE_MIB } from '../capacity.ts';
import { type Facts, markOf } from '../facts.ts';
import { isQuarantined, refusalOf, renewalOf } from '../renewal.ts';
import type { Beginning, Guard } from './objection.ts';

/**
 * Room on the host at the peak of all that is planned, not of one machine alone: a rollout that fits for its first nodes only is not begun. Memory and
 * vCPUs count for a machine that grows; what runs already has its own. For new root disks there must be space for each of them and for each copy of
 * a state disk, since they lie beside the old ones until `keepFor` is over.
 */
export const roomForPeak: Guard = (facts, beginning) => {
  if (beginning.what === 'upgrade') return null;
  const lack = lackOfProcessors(facts, beginning) ?? lackOfMemory(facts, beginning) ?? lackOfDisk(facts, beginning);
  if (lack === null) return null;
  return {
    guard: 'HostCapacity',
    reason: `${beginning.machine.name} is not changed: ${lack}`,
    wayOut: 'Free room on the host, make the machine class smaller, or change fewer machines with one commit.',
  };
};

function lackOfProcessors(facts: Facts, { machine }: Beginning): string | null {
  const { cpus } = machine.spec;
  const most = facts.inventory.host.cpus;
  const grows = cpus > (markOf(facts, machine.name)?.spec.cpus ?? 0);
  return grows && cpus > most ? `it asks for ${cpus} vCPUs and the host has ${most}` : null;
}

function lackOfMemory(facts: Facts, { machine }: Beginning): string | null {
  const hostMiB = facts.inventory.host.memoryMiB;
  if (machine.spec.memoryMiB <= (markOf(facts, machine.name)?.spec.memoryMiB ?? 0)) return null;
  const peakMiB = peakOf(facts).memoryMiB;
  if (peakMiB <= hostMiB) return null;
  return `with all that is planned machines ask for ${peakMiB} MiB of memory, and the host has ${hostMiB} MiB`;
}

function lackOfDisk(facts: Facts, { what, machine }: Beginning): string | null {
  if (what !== 'recreate') return null;
  const { renewed } = peakOf(facts);
  const names = new Set([...renewed.keys(), machine.name]);
  const needMiB = [...names].reduce((sum, name) => sum + (renewed.get(name) ?? renewedMiB(facts, machine)), 0);
  const { freeDiskMiB } = facts.inventory.host;
  if (needMiB + DISK_RESERVE_MIB <= freeDiskMiB) return null;
  const whose =
    names.size === 1
      ? 'a second root disk and a copy of the state disk take'
      : `second root disks and copies of state disks of ${names.size} machines take`;
  return `${whose} up to ${needMiB} MiB, ${freeDiskMiB} MiB are free where images live, and ${DISK_RESERVE_MIB} MiB must stay free`;
}

/** `renewed`: by machine that gets a new root disk, the space that takes, MiB. */
interface Peak {
  readonly memoryMiB: number;
  readonly renewed: ReadonlyMap<string, number>;
}

/** The same for every machine that asks in one pass. */
const peaks = new WeakMap<Facts, Peak>();

function peakOf(facts: Facts): Peak {
  const known = peaks.get(facts);
  if (known) return known;
  const renewed = new Map<string, number>();
  for (const machine of facts.desired.machines)
    if (isToBeRenewed(facts, machine)) renewed.set(machine.name, renewedMiB(facts, machine));
  const peak = { memoryMiB: peakMemoryMiB(facts), renewed };
  peaks.set(facts, peak);
  return peak;
}

/** What runs, with each machine as large as it is or will be, and what should run and does not yet. */
function peakMemoryMiB({ inventory, desired, domainsByUuid, uuids }: Facts): number {
  const others = inventory.domains.filter((domain) => !uuids.has(domain.uuid));
  const othersMiB = others.reduce((sum, domain) => sum + (domain.live?.memoryMiB ?? 0), 0);
  return desired.machines.reduce((sum, { uuid, spec, powerState }) => {
    const liveMiB = domainsByUuid.get(uuid)?.live?.memoryMiB ?? 0;
    return sum + (powerState === 'Off' ? liveMiB : Math.max(liveMiB, spec.memoryMiB));
  }, othersMiB);
}

/** Whether a machine gets a new root disk as soon as it is its turn. One that is held back for longer than its turn does not count. */
function isToBeRenewed(facts: Facts, machine: DesiredMachine): boolean {
  const mark = markOf(facts, machine.name);
  const renewal = mark && renewalOf(facts, machine, mark);
  if (!mark || renewal?.what !== 'recreate' || machine.powerState === 'Off' || machine.suspended) return false;
  const { suspensions } = facts.records;
  const key = objectKey(machine.object);
  if (['agent', key, `Node/${machine.name}`].some((scope) => scope in suspensions)) return false;
  if (facts.calendar?.windows[key]?.isOpen === false) return false;
  return !isQuarantined(mark, renewal.digest) && refusalOf(facts, machine, mark, renewal) === null;
}

/** Space that a new root disk and the copy of the state disk take: as much as the old ones, or all that they may where that is not known. */
function renewedMiB(facts: Facts, machine: DesiredMachine): number {
  const mark = markOf(facts, machine.name);
  const applied = mark?.spec ?? machine.spec;
  const folder = facts.folders.get(machine.name);
  const rootMiB = Math.min(folder?.useMiB?.root ?? applied.diskMiB, machine.spec.diskMiB);
  const isCopied = folder?.copies?.some((copy) => copy.isCurrent && copy.generation === mark?.generation) ?? false;
  const stateMiB = applied.stateDiskMiB === null || isCopied ? 0 : (folder?.useMiB?.state ?? applied.stateDiskMiB);
  return rootMiB + stateMiB;
}
