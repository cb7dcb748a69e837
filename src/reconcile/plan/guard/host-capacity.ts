import { DISK_RESERVE_MIB } from '../capacity.ts';
import { type Facts, ownMark } from '../facts.ts';
import type { Beginning, Guard } from './objection.ts';

/**
 * Room on the host at the peak of a change of one machine: the memory and vCPUs that it has afterwards, and with a new root disk the space for that
 * disk and for the copy of its state disk, which both lie beside the old ones until `keepFor` is over.
 */
export const roomForPeak: Guard = (facts, beginning) => {
  if (beginning.what === 'upgrade') return null;
  const lack = lackOfProcessors(facts, beginning) ?? lackOfMemory(facts, beginning) ?? lackOfDisk(facts, beginning);
  if (lack === null) return null;
  return {
    guard: 'HostCapacity',
    reason: `${beginning.machine.name} cannot be changed: ${lack}`,
    wayOut: 'Free room on the host, or make the machine class smaller.',
  };
};

function lackOfProcessors({ inventory }: Facts, { machine }: Beginning): string | null {
  const { cpus } = machine.spec;
  return cpus > inventory.host.cpus ? `it asks for ${cpus} vCPUs and the host has ${inventory.host.cpus}` : null;
}

function lackOfMemory({ inventory }: Facts, { machine }: Beginning): string | null {
  const others = inventory.domains.filter((domain) => domain.uuid !== machine.uuid);
  const promisedMiB = others.reduce((sum, domain) => sum + (domain.live?.memoryMiB ?? 0), 0);
  const { memoryMiB } = machine.spec;
  if (promisedMiB + memoryMiB <= inventory.host.memoryMiB) return null;
  return `it asks for ${memoryMiB} MiB of memory; ${promisedMiB} of the host's ${inventory.host.memoryMiB} MiB are promised to others`;
}

function lackOfDisk(facts: Facts, beginning: Beginning): string | null {
  if (beginning.what !== 'recreate') return null;
  const needMiB = peakDiskMiB(facts, beginning);
  const { freeDiskMiB } = facts.inventory.host;
  if (needMiB + DISK_RESERVE_MIB <= freeDiskMiB) return null;
  return `a second root disk and a copy of the state disk take up to ${needMiB} MiB, ${freeDiskMiB} MiB are free where images live, and ${DISK_RESERVE_MIB} MiB must stay free`;
}

/** What is there already (an image fetched, a copy made) has left the free space. A disk whose use is not known may be full. */
function peakDiskMiB(facts: Facts, { machine }: Beginning): number {
  const domain = facts.domainsByUuid.get(machine.uuid);
  const applied = (domain && ownMark(domain, facts.desired.owner)?.spec) ?? machine.spec;
  const use = facts.folders.get(machine.name)?.useMiB;
  const root = Math.min(use?.root ?? applied.diskMiB, machine.spec.diskMiB);
  const state = applied.stateDiskMiB === null ? 0 : (use?.state ?? applied.stateDiskMiB);
  return root + state;
}
