import type { DesiredMachine } from '../../model/desired.ts';
import type { Mark } from '../../model/mark.ts';
import type { Domain } from '../../model/observed.ts';
import { type Allotment, hostNetworkOf, isAddressLacking } from './address.ts';
import { type Draft, draftFor } from './draft.ts';
import { noteDrift } from './drift.ts';
import { type Facts, freshGuest, ownMark } from './facts.ts';
import { isForbidden } from './guard/objection.ts';
import { planImageUnder } from './image.ts';
import { firstMark } from './mark.ts';
import { planIdle, planPowerOff, planStart } from './power.ts';
import { planSettle } from './settle.ts';
import { isWithoutState } from './state-disk.ts';
import { planUpdate } from './update.ts';

/** What the planners of one pass share about machines. */
export interface MachineInputs {
  readonly addresses: ReadonlyMap<string, Allotment>;
  readonly images: ReadonlyMap<string, readonly string[]>;
  readonly shortfalls: ReadonlyMap<string, string>;
}

/** The road of one machine until its guest answers; a node's road goes on in `node.ts`. */
export interface MachineRoad {
  readonly draft: Draft;
  /** What must come before the guest can be used; empty when it can be now; `null` when the machine is off or blocked. */
  readonly up: readonly string[] | null;
  /** Steps that write the mark and so must come before another that does. */
  readonly markNeeds: readonly string[];
  readonly mark: Mark | null;
}

/** Creates, starts, stops and updates one machine, up to the moment when its guest answers. */
export function planMachine(facts: Facts, machine: DesiredMachine, inputs: MachineInputs): MachineRoad {
  const draft = draftFor(facts, { kind: 'Machine', name: machine.name }, machine.object);
  const named = facts.domainsByName.get(machine.name);
  const domain = facts.domainsByUuid.get(machine.uuid);
  const conflict = conflictOf(facts, machine, named, domain);
  if (conflict !== null) {
    draft.block({
      guard: 'Conflict',
      reason: conflict,
      wayOut: 'Rename or remove that domain, or give the machine another name. This guard cannot be skipped.',
    });
    return { draft, up: null, markNeeds: [], mark: null };
  }
  if (!domain) return planCreate(facts, machine, inputs, draft);
  const mark = ownMark(domain, facts.desired.owner) as Mark;
  return { draft, mark, ...planPresent(facts, machine, domain, mark, inputs, draft) };
}

function conflictOf(
  facts: Facts,
  machine: DesiredMachine,
  named: Domain | undefined,
  own: Domain | undefined,
): string | null {
  if (named && named.uuid !== machine.uuid)
    return `a domain named ${machine.name} exists that is not ours (UUID ${named.uuid})`;
  if (!own) return null;
  if (own.name !== machine.name) return `our domain was renamed to ${own.name} by somebody`;
  if (own.mark === 'unreadable') return `the mark of domain ${own.name} is not readable`;
  const mark = ownMark(own, facts.desired.owner);
  if (!mark) return `domain ${own.name} carries our UUID but not our mark`;
  const { kind, name } = mark.object;
  if (kind !== machine.object.kind || name !== machine.object.name)
    return `domain ${own.name} belongs to ${kind} ${name}`;
  return null;
}

function planCreate(facts: Facts, machine: DesiredMachine, inputs: MachineInputs, draft: Draft): MachineRoad {
  const blocked: MachineRoad = { draft, up: null, markNeeds: [], mark: null };
  if (machine.powerState === 'Off') {
    draft.note(`${machine.name} is not created while powerState is Off`);
    return blocked;
  }
  const folder = facts.folders.get(machine.name);
  const started = folder?.generations ?? [];
  if (started.length > 0 && machine.stateDisk && !folder?.hasStateDisk) {
    draft.block({
      guard: 'StateDisk',
      reason: `${machine.name} ran before and its state disk is gone`,
      wayOut: `Put state.qcow2 back into the machine's folder, or move the folder away to begin anew without its data.`,
    });
    return blocked;
  }
  if (isHostUnfit(facts, machine, inputs, draft)) return blocked;
  const generation = Math.max(0, ...started) + 1;
  if (generation > 1)
    draft.note(
      `root disk of generation ${generation - 1} of ${machine.name} stays in its folder: its domain was removed by somebody else`,
    );
  const address = inputs.addresses.get(machine.name);
  if (!address && isAddressLacking(facts, machine, draft)) return blocked;
  const mark = firstMark(facts, machine, generation, address?.address ?? null);
  const reserve = planReservation(facts, machine, address, draft);
  const create = draft.step({
    id: `machine/${machine.name}/create`,
    title: `create ${machine.name}`,
    reason: 'it is in the manifests and does not exist',
    needs: [...(inputs.images.get(machine.spec.image.digest) ?? []), ...reserve],
    action: { kind: 'create', machine: machine.name, mark, stateDiskNew: started.length === 0 },
  });
  const start = draft.step({
    id: `machine/${machine.name}/start`,
    title: `start ${machine.name}`,
    reason: 'it is new',
    needs: create,
    action: { kind: 'start', machine: machine.name },
  });
  const up = planAnswer(facts, machine, draft, null, start);
  const markNeeds = machine.object.kind === 'Machine' ? planSettle(facts, machine, mark, up, [], draft) : [];
  return { draft, up, mark, markNeeds };
}

/** Guards of everything that makes a machine run: network, acceleration, room. Adds the blocks. */
function isHostUnfit(facts: Facts, machine: DesiredMachine, inputs: MachineInputs, draft: Draft): boolean {
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

function planPresent(
  facts: Facts,
  machine: DesiredMachine,
  domain: Domain,
  mark: Mark,
  inputs: MachineInputs,
  draft: Draft,
): Pick<MachineRoad, 'up' | 'markNeeds'> {
  noteDrift(domain, mark, draft);
  const markNeeds = planUpdate(facts, machine, domain, mark, draft);
  if (machine.powerState === 'Off') {
    const idle = planIdle(facts, machine, draft);
    planPowerOff(facts, machine.name, domain, machine.deadlines.shutdownMs, 'powerState is Off', draft, idle);
    return { up: null, markNeeds };
  }
  const reserve = planReservation(facts, machine, inputs.addresses.get(machine.name), draft);
  const isStopped = domain.state !== 'running';
  if (isStopped && isHostUnfit(facts, machine, inputs, draft)) return { up: null, markNeeds };
  const image = planImageUnder(facts, domain, mark, inputs.images, draft);
  if (image === null) return { up: null, markNeeds };
  const start = planStart(facts, machine, domain, mark, [...reserve, ...image], draft);
  if (start === null) return { up: null, markNeeds };
  const up = planAnswer(facts, machine, draft, domain, start);
  if (isWithoutState(facts, machine, draft)) return { up: null, markNeeds };
  if (machine.object.kind === 'Machine')
    return { up, markNeeds: planSettle(facts, machine, mark, up, markNeeds, draft) };
  return { up, markNeeds };
}

function planReservation(
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

function planAnswer(
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
