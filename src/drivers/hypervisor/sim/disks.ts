import { KreError } from '../../../model/error.ts';
import type { SeedFiles } from '../../../model/seed.ts';
import type { SimHand } from '../../../sim/hand.ts';
import type { SimFolder } from '../../../sim/state.ts';
import type { DiskRequest, MachineRef } from '../hypervisor.ts';
import { findOwn, needOwn, refused } from './ownership.ts';
import { hasOtherState, stateDiskMissing } from './state-disk.ts';

/** See `MachineActs.prepareDisks`. Half done: the root is there, its seed and the state disk are not. */
export function prepareDisks(hand: SimHand, owner: string, request: DiskRequest): void {
  const { machine, generation, image, stateDisk } = request;
  findOwn(hand, owner, machine);
  if (!hand.state.images[image.digest]) throw imageMissing(request);
  const folder: SimFolder = hand.state.folders[machine.name] ?? {
    machine: machine.name,
    generations: {},
    stateDisk: null,
  };
  hand.state.folders[machine.name] = folder;
  const present = folder.generations[generation];
  if (present === undefined || present.unstarted) {
    const root = { imageDigest: image.digest, sizeMiB: request.diskMiB, unstarted: true, installed: null };
    folder.generations[generation] = { ...root, seed: null };
    hand.halfway();
    folder.generations[generation] = { ...root, seed: hand.readSeed(request.seed) };
  }
  if (stateDisk === null) return;
  if (folder.stateDisk && folder.stateDisk.serial !== stateDisk.serial) throw otherStateDisk(machine);
  if (!folder.stateDisk && hasOtherState(folder))
    throw stateDiskMissing(machine, 'a blank one is not made beside its copies');
  folder.stateDisk ??= { ...stateDisk, filesystemUuid: null, member: null };
}

/** See `MachineActs.replaceSeed`. The guest sees it at its next boot. */
export function replaceSeed(
  hand: SimHand,
  owner: string,
  machine: MachineRef,
  generation: number,
  seed: SeedFiles,
): void {
  needOwn(hand, owner, machine);
  const root = hand.state.folders[machine.name]?.generations[generation];
  if (!root) throw refused(machine, `generation ${generation} has no disks`);
  root.seed = hand.readSeed(seed);
}

function imageMissing({ machine, image }: DiskRequest): KreError {
  return new KreError({
    code: 'ImageDownload',
    message: `${machine.name}: the image ${image.digest} is not in the store`,
    hint: 'It is fetched first; see the progress with `kreconcile status`.',
    disposition: 'wait',
  });
}

function otherStateDisk(machine: MachineRef): KreError {
  return new KreError({
    code: 'StateDiskMissing',
    message: `${machine.name}: the state disk in its folder is of another machine`,
    hint: 'Move it away, or give the machine another name.',
    disposition: 'stalled',
  });
}
