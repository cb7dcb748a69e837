import type { DesiredMachine } from '../../model/desired.ts';
import type { Domain } from '../../model/observed.ts';
import { type Allotment, hostNetworkOf } from './address.ts';
import type { Draft } from './draft.ts';
import { type Facts, freshGuest } from './facts.ts';

/** Holds the address that must stay in the machine's libvirt network. Returns what must come before its start. */
export function planReservation(
  facts: Facts,
  machine: DesiredMachine,
  allotment: Allotment | undefined,
  draft: Draft,
): readonly string[] {
  const network = hostNetworkOf(facts, machine);
  if (allotment?.by !== 'reserved' || network?.kind !== 'network' || !network.dhcp) return [];
  const held = network.reservations.some((entry) => entry.mac === machine.mac && entry.address === allotment.address);
  if (held) return [];
  return draft.step({
    id: `machine/${machine.name}/reserve`,
    title: `reserve ${allotment.address} for ${machine.name}`,
    reason: `its address must stay, and network ${network.name} does not hold it yet`,
    action: {
      kind: 'reserve-address',
      machine: machine.name,
      network: network.name,
      mac: machine.mac,
      address: allotment.address,
    },
  });
}

/** Until the guest answers. Returns what comes before it can be used; empty when it can be now. */
export function planAnswer(
  facts: Facts,
  machine: DesiredMachine,
  draft: Draft,
  domain: Domain | null,
  needs: readonly string[],
): readonly string[] {
  if (!machine.needsGuestAgent) return needs;
  if (needs.length === 0 && freshGuest(facts, machine.name)) return [];
  const reading = facts.guests[machine.name];
  const detail =
    reading && !reading.known
      ? reading.reason
      : domain?.agent === 'connected'
        ? 'the agent is connected, not read yet'
        : '';
  return draft.wait({
    id: `machine/${machine.name}/guest`,
    condition: `the guest of ${machine.name} answers`,
    needs,
    detail,
    timeoutMs: machine.deadlines.bootMs,
    pollMs: 3_000,
    guest: machine.name,
  });
}
