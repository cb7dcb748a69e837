import { createHash } from 'node:crypto';
import type { DefineRequest, DiskRequest, MachineRef } from '../../../src/drivers/hypervisor/hypervisor.ts';
import type { Mark } from '../../../src/model/mark.ts';
import type { ImageRef } from '../../../src/model/spec.ts';
import type { HypervisorWorld } from './contract-world.ts';

/** Everything that a world is asked with about one machine. */
export interface ContractMachine {
  readonly ref: MachineRef;
  readonly mac: string;
  readonly disks: DiskRequest;
  readonly definition: DefineRequest;
}

/** A small machine with a state disk; UUID and MAC follow from the name. */
export function contractMachine(world: HypervisorWorld, name: string): ContractMachine {
  const hex = createHash('sha256').update(name).digest('hex');
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  const mac = `52:54:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}`;
  const ref = { name, uuid };
  const serial = `state-${hex.slice(0, 12)}`;
  return {
    ref,
    mac,
    disks: {
      machine: ref,
      generation: 1,
      image: { digest: world.image.digest, format: world.image.format },
      diskMiB: 256,
      stateDisk: { sizeMiB: 64, serial },
      seed: contractSeed(name, 'first'),
    },
    definition: { machine: ref, mac, mark: contractMark(world, name), stateDiskSerial: serial },
  };
}

/** The three files of a seed, told apart by `text`. */
export function contractSeed(name: string, text: string): DiskRequest['seed'] {
  return {
    userData: `#cloud-config\n# ${text}\n`,
    metaData: `instance-id: ${name}-1\nlocal-hostname: ${name}\n`,
    networkConfig: 'version: 2\nethernets: {}\n',
  };
}

function imageRef({ digest, os, version, arch, format }: ImageRef): ImageRef {
  return { digest, os, version, arch, format };
}

function contractMark(world: HypervisorWorld, name: string): Mark {
  return {
    schema: 1,
    owner: world.owner,
    object: { kind: 'Machine', name },
    machine: name,
    spec: {
      image: imageRef(world.image),
      cpus: 1,
      memoryMiB: 192,
      diskMiB: 256,
      stateDiskMiB: 64,
      cpuMode: world.cpuMode,
      firmware: 'bios',
      network: { name: world.network, attach: { kind: 'network', name: world.network }, addressing: null },
      address: null,
      access: { user: null, sshAuthorizedKeys: [`ssh-ed25519 AAAA "quoted" <${name}> & 'more' \\ grüß ]]>`] },
      userDataDigest: null,
      kubernetes: null,
    },
    address: null,
    generation: 1,
    previousGeneration: null,
    provenAtMs: null,
    quarantined: [],
    prune: 'Confirm',
    deletionPolicy: 'Retain',
    revision: '0123456789abcdef',
  };
}
