import type { Desired } from '../../model/desired.ts';
import type { GuestStatus } from '../../model/guest-status.ts';
import type { HostOperation, Inventory, Reading } from '../../model/observed.ts';
import type { Durations } from '../../sim/durations.ts';
import { schedule } from '../../sim/events.ts';
import { newWorld } from '../../sim/new-world.ts';
import type { SimNetwork, WorldState } from '../../sim/state.ts';
import { createAssumptions } from './assumptions.ts';
import { copyClusters } from './cluster.ts';
import { copyDomain } from './domain.ts';
import { copyFolders } from './folder.ts';
import { copyGuest } from './guest.ts';
import { type CopyScene, ownMachines } from './source.ts';

export interface CopyRequest {
  readonly desired: Desired;
  readonly inventory: Inventory;
  /** By machine; one that is missing or unknown is assumed to be as it should. */
  readonly guests: Readonly<Record<string, Reading<GuestStatus>>>;
  readonly nowMs: number;
  readonly durations: Durations;
  readonly imagesFolder: string;
}

/** The host as a simulated world, and what had to be assumed for it. */
export interface CopiedWorld {
  readonly state: WorldState;
  readonly assumptions: readonly string[];
}

/**
 * Copies what was observed into a simulated world that goes on from there: domains of ours and of others, networks with their reservations, images,
 * folders, what guests reported and what runs in them. Pure: the same observation gives the same world.
 */
export function copyWorld(request: CopyRequest): CopiedWorld {
  const { desired, inventory, guests, nowMs, durations, imagesFolder } = request;
  const empty = newWorld(nowMs, { seed: `rehearsal/${desired.revision}`, durations, host: inventory.host });
  const world: WorldState = { ...empty, imagesFolder, networks: inventory.networks.map(copyNetwork) };
  for (const image of inventory.images) world.images[image.digest] = image;
  const scene: CopyScene = { desired, inventory, guests, nowMs, world, assumptions: createAssumptions() };
  const own = ownMachines(scene);
  for (const domain of inventory.domains) copyDomain(scene, domain);
  const members = copyFolders(scene, own);
  copyClusters(scene, own, members);
  for (const machine of own) copyGuest(scene, machine);
  copyHostOperations(scene);
  return { state: world, assumptions: scene.assumptions.sentences() };
}

function copyNetwork(network: Inventory['networks'][number]): SimNetwork {
  return { network, leases: {}, leasesGiven: 0 };
}

/** Downloads and copies of state disks that run go on: what is left of one follows from its progress, else it takes all of its time. */
function copyHostOperations(scene: CopyScene): void {
  const { inventory, world, desired } = scene;
  for (const operation of inventory.operations) {
    const digest = /^fetch-image-(.+)$/.exec(operation.id)?.[1];
    const [, machine, generation = ''] = /^copy-state-(.+)-(\d+)$/.exec(operation.id) ?? [];
    if (digest === undefined && machine === undefined) continue;
    world.operations[operation.id] = operation;
    if (operation.state !== 'running') continue;
    if (digest !== undefined) {
      const format = desired.images.find((image) => image.digest === digest)?.format ?? 'qcow2';
      schedule(world, { atMs: endMs(scene, operation, 'imageDownload'), kind: 'fetched', of: digest, about: format });
    } else if (machine !== undefined) {
      const folder = world.folders[machine];
      if (folder) folder.copying = { ...folder.copying, [generation]: folder.stateDisk?.writes ?? 0 };
      schedule(world, { atMs: endMs(scene, operation, 'copyState'), kind: 'copied', of: machine, about: generation });
    }
  }
}

function endMs({ nowMs, world }: CopyScene, { progress }: HostOperation, what: keyof Durations): number {
  const left = 1 - Math.min(0.99, Math.max(0, progress ?? 0));
  return nowMs + Math.round(world.durations[what] * left);
}
