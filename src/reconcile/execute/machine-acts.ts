import type { DesiredMachine } from '../../model/desired.ts';
import { KreError } from '../../model/error.ts';
import type { Mark } from '../../model/mark.ts';
import type { SeedFiles } from '../../model/seed.ts';
import type { Acts } from '../execute.ts';
import { withNewFields } from '../plan/renewal.ts';
import type { World } from '../reconcile.ts';
import { renderSeed } from '../seed.ts';
import { type ActParts, clusterOf, machineOf, nodeContext, refOf } from './context.ts';
import { awaitsBackup } from './restore-acts.ts';

type MachineActs = Pick<
  Acts,
  | 'fetch-image'
  | 'reserve-address'
  | 'release-address'
  | 'create'
  | 'discard-disks'
  | 'copy-state'
  | 'replace'
  | 'redefine'
  | 'go-back'
  | 'drop-generation'
  | 'start'
  | 'shutdown'
  | 'power-off'
  | 'reset'
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
    'discard-disks': ({ machine, uuid }) => hypervisor.discardDisks({ name: machine, uuid }),
    'copy-state': ({ machine, generation }) => hypervisor.copyState(ref(machine), generation),
    replace: async ({ mark, stateDiskNew }) => {
      await prepareDisks(world, parts, mark, stateDiskNew);
      await defineAs(world, parts, mark);
    },
    redefine: ({ mark }) => defineAs(world, parts, mark),
    'go-back': async ({ machine, mark, restoresState }) => {
      if (restoresState) await hypervisor.restoreState(ref(machine), mark.generation);
      await defineAs(world, parts, mark);
    },
    'drop-generation': async ({ machine, generation, mark }) => {
      await hypervisor.dropGeneration(ref(machine), generation);
      if (mark) await hypervisor.writeMark(ref(machine), mark);
    },
    start: async ({ machine, autostart }) => {
      const started = { name: machine, uuid: uuidOf(world, machine) };
      if (autostart) await hypervisor.setAutostart(started, true);
      await hypervisor.start(started);
    },
    shutdown: ({ machine, mode }) => hypervisor.shutdown(ref(machine), mode),
    'power-off': ({ machine }) => hypervisor.powerOff(ref(machine)),
    reset: async ({ machine, mark }) => {
      await hypervisor.writeMark(ref(machine), mark);
      await hypervisor.reset(ref(machine));
      parts.outdate(machine);
    },
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
  const { name, uuid } = machineOf(world, mark.machine);
  await prepareDisks(world, parts, mark, stateDiskNew);
  await defineAs(world, parts, mark);
  await parts.hypervisor.setAutostart({ name, uuid }, true);
}

/** Root disk, seed and state disk of the mark's generation, as its spec says. */
async function prepareDisks(world: World, parts: ActParts, mark: Mark, stateDiskNew: boolean): Promise<void> {
  const { name, uuid, stateDisk } = markedMachine(world, mark);
  const { image, diskMiB, stateDiskMiB } = mark.spec;
  await parts.hypervisor.prepareDisks({
    machine: { name, uuid },
    generation: mark.generation,
    image: { digest: image.digest, format: image.format },
    diskMiB,
    stateDisk: stateDiskMiB === null || !stateDisk ? null : { sizeMiB: stateDiskMiB, serial: stateDisk.serial },
    seed: await seedOf(world, parts, mark, stateDiskNew, 'first-boot'),
  });
}

async function defineAs(world: World, { hypervisor }: ActParts, mark: Mark): Promise<void> {
  const { name, uuid, mac, stateDisk } = markedMachine(world, mark);
  await hypervisor.define({ machine: { name, uuid }, mac, mark, stateDiskSerial: stateDisk?.serial ?? null });
}

/** The machine as its mark has it, where the manifests ask for something else already. */
function markedMachine(world: World, mark: Mark): DesiredMachine {
  const machine = machineOf(world, mark.machine);
  const spec = withNewFields(mark.spec, machine.spec);
  return { ...machine, spec, stateDisk: mark.spec.stateDiskMiB === null ? null : machine.stateDisk };
}

async function seedOf(
  world: World,
  parts: ActParts,
  mark: Mark,
  stateNew: boolean,
  phase: 'first-boot' | 'settled',
): Promise<SeedFiles> {
  const machine = markedMachine(world, mark);
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
    restore: phase === 'first-boot' && awaitsBackup(world, mark),
    joins: mark.joins ?? false,
    stateNew,
    program: parts.program(cluster?.distribution ?? null),
    generation: mark.generation,
    address: mark.address,
    controlPlaneAddress: node?.controlPlaneAddress ?? null,
  });
}
