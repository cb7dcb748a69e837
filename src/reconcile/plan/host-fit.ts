import type { DesiredMachine } from '../../model/desired.ts';
import { hostNetworkOf } from './address.ts';
import type { Draft } from './draft.ts';
import type { Facts } from './facts.ts';
import { isForbidden } from './guard/objection.ts';
import type { MachineInputs } from './machine.ts';

/** Guards of everything that makes a machine run: network, acceleration, room. Adds the blocks. */
export function isHostUnfit(facts: Facts, machine: DesiredMachine, inputs: MachineInputs, draft: Draft): boolean {
  const before = draft.blocks.length;
  const { attach } = machine.spec.network;
  const network = hostNetworkOf(facts, machine);
  if (!network) {
    draft.block({
      guard: 'NetworkReady',
      reason: `the host has no ${attach.kind === 'network' ? 'libvirt network' : 'bridge'} ${attach.name}`,
      wayOut:
        attach.kind === 'network'
          ? `Define it: virsh net-define, or name another in the Network manifest.`
          : 'Create the bridge on the host, or name another in the Network manifest.',
    });
  } else if (!network.active) {
    draft.block({
      guard: 'NetworkReady',
      reason: `libvirt network ${attach.name} is not active`,
      wayOut: `virsh net-start ${attach.name}; virsh net-autostart ${attach.name}`,
    });
  }
  const { host } = facts.inventory;
  if (host.acceleration === 'emulation') {
    if (facts.desired.emulationAllowed)
      draft.note(`${machine.name} runs emulated, many times slower than with KVM: ${host.accelerationReason}`);
    else
      draft.block({
        guard: 'Emulation',
        reason: `hardware virtualisation does not serve: ${host.accelerationReason}`,
        wayOut: 'Enable it in the firmware or the outer hypervisor, or set hypervisor.allowEmulation in agent.yaml.',
      });
  }
  const isFit = draft.blocks.length === before;
  const reason = inputs.shortfalls.get(machine.name);
  if (reason === undefined) return !isFit;
  const wayOut = 'Free room on the host, or make the machine class smaller.';
  return isForbidden(draft, machine, { guard: 'HostCapacity', reason, wayOut }) || !isFit;
}
