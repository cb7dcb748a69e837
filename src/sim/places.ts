/** Where things of a machine are: its disks, its membership, its address. */
import { formatIpv4, parseIpv4 } from '../model/ipv4.ts';
import type { Mark } from '../model/mark.ts';
import type { KubernetesSpec } from '../model/spec.ts';
import type { InstalledRoot, SimDomain, SimFolder, SimMember, SimRoot, WorldState } from './state.ts';

/** The mark, if there is a readable one. */
export function markOf(domain: SimDomain): Mark | null {
  return domain.mark === 'unreadable' ? null : domain.mark;
}

export function kubernetesOf(domain: SimDomain): KubernetesSpec | null {
  return markOf(domain)?.spec.kubernetes ?? null;
}

/** The folder whose disks the domain uses: that of its name, if its definition names disks in it. */
export function folderOf(state: WorldState, domain: SimDomain): SimFolder | null {
  return markOf(domain) ? (state.folders[domain.name] ?? null) : null;
}

/** The root disk that the present power cycle, or else the next one, runs on. */
export function rootOf(state: WorldState, domain: SimDomain): SimRoot | null {
  const generation = domain.run ? domain.run.generation : (markOf(domain)?.generation ?? null);
  return generation === null ? null : (folderOf(state, domain)?.generations[generation] ?? null);
}

export function installedOf(state: WorldState, domain: SimDomain): InstalledRoot | null {
  return rootOf(state, domain)?.installed ?? null;
}

/** Cluster membership: on the mounted state disk, else on the root of a machine without one. */
export function memberOf(state: WorldState, domain: SimDomain): SimMember | null {
  const stateDisk = folderOf(state, domain)?.stateDisk;
  if (hasStateDisk(domain)) return domain.run?.stateDisk === 'mounted' ? (stateDisk?.member ?? null) : null;
  return installedOf(state, domain)?.member ?? null;
}

/** Whether the definition has a state disk. */
export function hasStateDisk(domain: SimDomain): boolean {
  return markOf(domain)?.spec.stateDiskMiB != null;
}

export function setMember(state: WorldState, domain: SimDomain, member: SimMember): void {
  const stateDisk = folderOf(state, domain)?.stateDisk;
  const installed = installedOf(state, domain);
  if (hasStateDisk(domain) && stateDisk) stateDisk.member = member;
  else if (installed) installed.member = member;
}

/** The address the machine has: the one allotted to it, its reservation, or a lease that DHCP gives it now and again. */
export function addressOf(state: WorldState, domain: SimDomain): string | null {
  const card = domain.live?.interfaces[0] ?? domain.next.interfaces[0];
  const fixed = markOf(domain)?.address;
  if (fixed != null || !card) return fixed ?? null;
  const found = state.networks.find(({ network }) => network.kind === card.kind && network.name === card.source);
  if (!found) return null;
  const reserved = found.network.reservations.find((entry) => entry.mac === card.mac);
  return reserved?.address ?? found.leases[card.mac] ?? null;
}

/** Gives the machine a lease if it needs one. */
export function leaseAddress(state: WorldState, domain: SimDomain): void {
  const card = domain.next.interfaces[0];
  if (!card || addressOf(state, domain) !== null) return;
  const found = state.networks.find(({ network }) => network.kind === card.kind && network.name === card.source);
  const first = parseIpv4(found?.network.dhcp?.start ?? '');
  const last = parseIpv4(found?.network.dhcp?.end ?? '');
  if (!found || first === null || last === null) return;
  while (first + found.leasesGiven <= last) {
    const address = formatIpv4(first + found.leasesGiven);
    found.leasesGiven += 1;
    if (found.network.reservations.some((entry) => entry.address === address)) continue;
    found.leases[card.mac] = address;
    return;
  }
}
