import { KreError } from '../../model/error.ts';
import type { Mark } from '../../model/mark.ts';
import type { SeedFiles } from '../../model/seed.ts';
import type { Acts } from '../execute.ts';
import type { World } from '../reconcile.ts';
import { renderSeed } from '../seed.ts';
import { type ActParts, clusterOf, machineOf, nodeContext, refOf } from './context.ts';

type MachineActs = Pick<
  Acts,
  | 'fetch-image'
  | 'reserve-address'
  | 'release-address'
  | 'create'
  | 'start'
  | 'shutdown'
  | 'power-off'
  | 'resume-domain'
  | 'set-autostart'
  | 'update-live'
  | 'write-mark'
  | 'settle'
  | 'delete-machine'
>;

/** Acts on the hypervisor. */
export function machineActs(world: World, parts: ActParts): MachineActs {
  const { hypervisor } = parts;
  const ref = (name: string) => refOf(world, name);
  return {
    'fetch-image': async ({ image }) => {
      const desired = world.desired.images.find((entry) => entry.digest === image);
      if (desired) await hypervisor.fetchImage(desired);
    },
    'reserve-address': ({ machine, network, mac, address }) =>
      hypervisor.reserveAddress(network, { machine, mac, address }),
    'release-address': ({ machine, network, mac, address }) =>
      hypervisor.releaseAddress(network, { machine, mac, address }),
    create: (action) => create(world, parts, action.mark, action.stateDiskNew),
    start: ({ machine }) => hypervisor.start({ name: machine, uuid: uuidOf(world, machine) }),
    shutdown: ({ machine, mode }) => hypervisor.shutdown(ref(machine), mode),
    'power-off': ({ machine }) => hypervisor.powerOff(ref(machine)),
    'resume-domain': ({ machine }) => hypervisor.resume(ref(machine)),
    'set-autostart': ({ machine, on }) => hypervisor.setAutostart(ref(machine), on),
    'update-live': async ({ machine, cpus, diskMiB, stateDiskMiB, mark }) => {
      await hypervisor.updateLive(ref(machine), { cpus, diskMiB, stateDiskMiB });
      await hypervisor.writeMark(ref(machine), mark);
    },
    'write-mark': ({ machine, mark }) => hypervisor.writeMark(ref(machine), mark),
    settle: async ({ machine, mark }) => {
      const seed = await seedOf(world, parts, mark, false, 'settled');
      await hypervisor.replaceSeed(ref(machine), mark.generation, seed);
      await hypervisor.writeMark(ref(machine), mark);
    },
    'delete-machine': ({ machine, uuid, stateDisk }) => hypervisor.deleteMachine({ name: machine, uuid }, stateDisk),
  };
}

function uuidOf(world: World, name: string): string {
  return world.desired.machines.find((machine) => machine.name === name)?.uuid ?? refOf(world, name).uuid;
}

async function create(world: World, parts: ActParts, mark: Mark, stateDiskNew: boolean): Promise<void> {
  const machine = machineOf(world, mark.machine);
  const ref = { name: machine.name, uuid: machine.uuid };
  const { image, diskMiB, stateDiskMiB } = machine.spec;
  const stateDisk =
    stateDiskMiB === null || !machine.stateDisk ? null : { sizeMiB: stateDiskMiB, serial: machine.stateDisk.serial };
  const seed = await seedOf(world, parts, mark, stateDiskNew, 'first-boot');
  await parts.hypervisor.prepareDisks({
    machine: ref,
    generation: mark.generation,
    image: { digest: image.digest, format: image.format },
    diskMiB,
    stateDisk,
    seed,
  });
  await parts.hypervisor.define({ machine: ref, mac: machine.mac, mark, stateDiskSerial: stateDisk?.serial ?? null });
  await parts.hypervisor.setAutostart(ref, true);
}

async function seedOf(
  world: World,
  parts: ActParts,
  mark: Mark,
  stateNew: boolean,
  phase: 'first-boot' | 'settled',
): Promise<SeedFiles> {
  const machine = machineOf(world, mark.machine);
  const cluster = clusterOf(world, machine);
  const distribution = cluster ? parts.distributions[cluster.distribution] : null;
  const os = parts.oses[machine.spec.image.os];
  if (!os)
    throw new KreError({
      code: 'Internal',
      message: `no os driver for ${machine.spec.image.os}`,
      hint: 'Report this.',
      disposition: 'bug',
    });
  const secrets =
    cluster && distribution && phase === 'first-boot'
      ? await parts.secrets.ensure(cluster.name, distribution.secrets)
      : {};
  const node = cluster ? nodeContext(world, machine, cluster, mark.address) : null;
  return renderSeed({
    machine,
    cluster,
    os,
    distribution,
    secrets,
    phase,
    stateNew,
    program: parts.program(cluster?.distribution ?? null),
    generation: mark.generation,
    address: mark.address,
    controlPlaneAddress: node?.controlPlaneAddress ?? null,
  });
}
