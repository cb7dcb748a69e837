import type { DesiredMachine } from '../../model/desired.ts';
import { type Facts, ownMark } from './facts.ts';

/** Space that stays free where images live: thin disks pause machines when it is gone. */
export const DISK_RESERVE_MIB = 1024;

/**
 * By machine that is to be created or started: why the host has no room for it. Those that exist come first, so that one which is down for a change
 * finds its room again; then machines count in the order of their names.
 */
export function capacityShortfalls(facts: Facts): ReadonlyMap<string, string> {
  const { host, domains } = facts.inventory;
  const shortfalls = new Map<string, string>();
  let usedMiB = 0;
  for (const domain of domains) usedMiB += domain.live?.memoryMiB ?? 0;
  for (const machine of existingFirst(facts)) {
    const domain = facts.domainsByUuid.get(machine.uuid);
    if (machine.powerState === 'Off' || domain?.live) continue;
    const applied = domain ? ownMark(domain, facts.desired.owner)?.spec : undefined;
    const spec = applied ?? machine.spec;
    if (spec.cpus > host.cpus) {
      shortfalls.set(machine.name, `it asks for ${spec.cpus} vCPUs and the host has ${host.cpus}`);
    } else if (usedMiB + spec.memoryMiB > host.memoryMiB) {
      shortfalls.set(
        machine.name,
        `it asks for ${spec.memoryMiB} MiB of memory; ${usedMiB} of the host's ${host.memoryMiB} MiB are promised to others`,
      );
    } else if (!domain && host.freeDiskMiB < DISK_RESERVE_MIB) {
      shortfalls.set(
        machine.name,
        `${host.freeDiskMiB} MiB are free where images live; ${DISK_RESERVE_MIB} MiB must stay free`,
      );
    } else {
      usedMiB += spec.memoryMiB;
    }
  }
  return shortfalls;
}

function existingFirst({ desired, domainsByUuid }: Facts): readonly DesiredMachine[] {
  const isNew = (machine: DesiredMachine) => Number(!domainsByUuid.has(machine.uuid));
  return [...desired.machines].sort((a, b) => isNew(a) - isNew(b) || (a.name < b.name ? -1 : 1));
}
