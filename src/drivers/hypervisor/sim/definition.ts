import type { DomainShape } from '../../../model/observed.ts';
import type { SimHand } from '../../../sim/hand.ts';
import type { DefineRequest } from '../hypervisor.ts';
import { findOwn } from './ownership.ts';

const newestMachineType = 'pc-q35-9.2';
/** vCPUs that a definition leaves room for, as a multiple of those it starts with. */
const cpuHeadroom = 2;

/** See `MachineActs.define`. What runs keeps running as it is. */
export function define(hand: SimHand, owner: string, request: DefineRequest): void {
  const { machine, mark } = request;
  const known = findOwn(hand, owner, machine);
  const next = shapeOf(hand, request, known?.next.machineType ?? newestMachineType);
  if (known) {
    known.next = next;
    known.mark = mark;
    known.persistent = true;
  } else {
    hand.addDomain({ ...machine, mark, next });
  }
  delete hand.state.folders[machine.name]?.unmade;
  hand.tell({ kind: 'lifecycle', machine: machine.name });
}

function shapeOf(hand: SimHand, request: DefineRequest, machineType: string): DomainShape {
  const { spec, generation } = request.mark;
  const { host, imagesFolder } = hand.state;
  const folder = `${imagesFolder}/${request.machine.name}`;
  const disks: DomainShape['disks'][number][] = [
    { target: 'vda', path: `${folder}/${generation}/root.qcow2`, serial: null },
    { target: 'vdb', path: `${folder}/${generation}/seed.iso`, serial: null },
  ];
  const serial = request.stateDiskSerial;
  if (serial !== null) disks.push({ target: 'vdc', path: `${folder}/state.qcow2`, serial });
  return {
    cpus: spec.cpus,
    maxCpus: Math.max(spec.cpus, Math.min(spec.cpus * cpuHeadroom, host.cpus)),
    memoryMiB: spec.memoryMiB,
    machineType,
    acceleration: host.acceleration,
    disks,
    interfaces: [{ mac: request.mac, kind: spec.network.attach.kind, source: spec.network.attach.name }],
  };
}
