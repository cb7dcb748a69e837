import { KreError } from '../../../model/error.ts';
import type { SimHand } from '../../../sim/hand.ts';
import type { SimNetwork } from '../../../sim/state.ts';
import type { AddressActs, AddressEntry } from '../hypervisor.ts';
import type { Perform } from './index.ts';

/** Reservations in libvirt networks; see `AddressActs`. */
export function addressActs(perform: Perform): AddressActs {
  return {
    reserveAddress: (network, entry) =>
      perform('reserveAddress', entry.machine, (hand) => reserve(networkNamed(hand, network), entry)),
    releaseAddress: (network, entry) =>
      perform('releaseAddress', entry.machine, (hand) => release(networkNamed(hand, network), entry)),
  };
}

function networkNamed(hand: SimHand, name: string): SimNetwork {
  const found = hand.state.networks.find(({ network }) => network.kind === 'network' && network.name === name);
  if (found) return found;
  throw new KreError({
    code: 'VirshFailed',
    message: `there is no network ${name}`,
    hint: 'The simulated host has the libvirt network `default`.',
    disposition: 'stalled',
  });
}

/** A MAC has one address: an entry with another one is replaced. */
function reserve(found: SimNetwork, entry: AddressEntry): void {
  const { network } = found;
  const holder = network.reservations.find((other) => other.address === entry.address);
  if (holder && holder.mac !== entry.mac) {
    throw new KreError({
      code: 'DomainConflict',
      message: `${entry.address} is reserved for ${holder.name ?? holder.mac} in network ${network.name}`,
      hint: 'Give the machine another address, or remove the other entry.',
      disposition: 'stalled',
    });
  }
  if (holder) return;
  const others = network.reservations.filter((other) => other.mac !== entry.mac);
  found.network = {
    ...network,
    reservations: [...others, { mac: entry.mac, address: entry.address, name: entry.machine }],
  };
}

function release(found: SimNetwork, entry: AddressEntry): void {
  const { network } = found;
  const isIt = (other: { mac: string; address: string }): boolean =>
    other.mac === entry.mac && other.address === entry.address;
  if (!network.reservations.some(isIt)) return;
  found.network = { ...network, reservations: network.reservations.filter((other) => !isIt(other)) };
}
