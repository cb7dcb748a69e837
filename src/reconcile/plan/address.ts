import { createHash } from 'node:crypto';
import type { DesiredMachine } from '../../model/desired.ts';
import { formatIpv4, parseIpv4 } from '../../model/ipv4.ts';
import type { HostNetwork } from '../../model/observed.ts';
import type { Draft } from './draft.ts';
import { type Facts, ownMark } from './facts.ts';
import { restoredAddress } from './restore.ts';

/** Where a machine's stable address comes from. `reserved`: by an `ip-dhcp-host` entry; `static`: in the seed. */
export interface Allotment {
  readonly address: string;
  readonly by: 'reserved' | 'static';
}

/**
 * The stable address of each machine that needs one and can have one. What a machine already has (mark, reservation) stays; a new one is the
 * first free address of the range from a place that depends on the machine's name, so that adding a machine moves no other.
 */
export function allotAddresses(facts: Facts): ReadonlyMap<string, Allotment> {
  const allotted = new Map<string, Allotment>();
  const waiting: DesiredMachine[] = [];
  const taken = takenAddresses(facts);
  for (const machine of facts.desired.machines) {
    if (!machine.stableAddress) continue;
    const domain = facts.domainsByUuid.get(machine.uuid);
    const mark = domain ? ownMark(domain, facts.desired.owner) : null;
    // A machine that was made without an address, or with another, keeps what it has: another would move it under its cluster.
    if (mark && mark.address === null) continue;
    const address = mark?.address ?? presentAddress(facts, machine) ?? freeRestoredAddress(facts, machine, taken);
    if (address === null) waiting.push(machine);
    else allotted.set(machine.name, { address, by: howHeld(machine) });
    if (address !== null) taken.add(address);
  }
  for (const machine of waiting) {
    const range = rangeFor(facts, machine);
    const address = range === null ? null : firstFree(range, machine.name, taken);
    if (address === null) continue;
    taken.add(address);
    allotted.set(machine.name, { address, by: howHeld(machine) });
  }
  return allotted;
}

/** The libvirt network or bridge that a machine is attached to, or `null` if the host has none of that name. */
export function hostNetworkOf(facts: Facts, machine: DesiredMachine): HostNetwork | null {
  const { attach } = machine.spec.network;
  return (
    facts.inventory.networks.find((network) => network.kind === attach.kind && network.name === attach.name) ?? null
  );
}

/** Whether a machine that has no address yet needs one and its network has none left; adds the block. */
export function isAddressLacking(facts: Facts, machine: DesiredMachine, draft: Draft): boolean {
  const isAllotted = rangeFor(facts, machine) !== null || machine.spec.network.addressing !== null;
  if (!machine.stableAddress || !isAllotted) return false;
  draft.block({
    guard: 'NetworkReady',
    about: 'address',
    reason: `network ${machine.spec.network.name} has no free address for ${machine.name}, and its address must stay`,
    wayOut: 'Free an address, widen the range, or give the address in the manifest.',
  });
  return true;
}

function howHeld(machine: DesiredMachine): Allotment['by'] {
  return machine.spec.network.addressing === null ? 'reserved' : 'static';
}

function presentAddress(facts: Facts, machine: DesiredMachine): string | null {
  if (machine.spec.address !== null) return machine.spec.address;
  if (machine.spec.network.addressing !== null) return null;
  const reservation = hostNetworkOf(facts, machine)?.reservations.find((entry) => entry.mac === machine.mac);
  return reservation?.address ?? null;
}

/** The address that a lost machine had is in its certificates: it comes back with it where nobody else has it. */
function freeRestoredAddress(facts: Facts, machine: DesiredMachine, taken: ReadonlySet<string>): string | null {
  const address = restoredAddress(facts, machine);
  return address === null || taken.has(address) ? null : address;
}

function takenAddresses(facts: Facts): Set<string> {
  const taken = new Set<string>();
  for (const network of facts.inventory.networks) {
    if (network.dhcp) taken.add(network.dhcp.gateway);
    for (const entry of network.reservations) taken.add(entry.address);
  }
  for (const domain of facts.inventory.domains) {
    const address = ownMark(domain, facts.desired.owner)?.address;
    if (address) taken.add(address);
  }
  for (const machine of facts.desired.machines) {
    if (machine.spec.address !== null) taken.add(machine.spec.address);
    const gateway = machine.spec.network.addressing?.gateway;
    if (gateway) taken.add(gateway);
  }
  return taken;
}

function rangeFor(facts: Facts, machine: DesiredMachine): { start: string; end: string } | null {
  const { addressing } = machine.spec.network;
  return addressing ? addressing.range : (hostNetworkOf(facts, machine)?.dhcp ?? null);
}

function firstFree(range: { start: string; end: string }, name: string, taken: ReadonlySet<string>): string | null {
  const start = parseIpv4(range.start);
  const end = parseIpv4(range.end);
  if (start === null || end === null || end < start) return null;
  const size = end - start + 1;
  const from = createHash('sha256').update(name).digest().readUInt32BE(0) % size;
  for (let offset = 0; offset < size; offset += 1) {
    const address = formatIpv4(start + ((from + offset) % size));
    if (!taken.has(address)) return address;
  }
  return null;
}
