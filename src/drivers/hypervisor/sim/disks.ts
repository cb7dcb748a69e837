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
  const domain = findOwn(hand, owner, machine);
  if (!hand.state.images[image.digest]) throw imageMissing(request);
  const folder: SimFolder = hand.state.folders[machine.name] ?? {
    machine: machine.name,
    generations: {},
    stateDisk: null,
  };
  hand.state.folders[machine.name] = folder;
  const present = folder.generations[generation];
  if (present === undefined || present.unstarted) {
    const isNoted = folder.unmade?.owner === owner && folder.unmade.uuid === machine.uuid;
    if (!domain && !isNoted) folder.unmade = { owner, uuid: machine.uuid, madeState: false };
    const root = { imageDigest: image.digest, sizeMiB: request.diskMiB, unstarted: true, installed: null };
    folder.generations[generation] = { ...root, seed: null };
    hand.halfway();
    folder.generations[generation] = { ...root, seed: hand.readSeed(request.seed) };
  }
  if (stateDisk === null) return;
  if (folder.stateDisk && folder.stateDisk.serial !== stateDisk.serial) throw otherStateDisk(machine);
  if (!folder.stateDisk && hasOtherState(folder))
    throw stateDiskMissing(machine, 'a blank one is not made beside its copies');
  if (folder.stateDisk) return;
  folder.stateDisk = { ...stateDisk, filesystemUuid: null, member: null };
  if (folder.unmade) folder.unmade = { ...folder.unmade, madeState: true };
}

/** See `MachineActs.discardDisks`. Half done: the root disks are gone, the state disk is not. */
export function discardDisks(hand: SimHand, owner: string, machine: MachineRef): void {
  if (findOwn(hand, owner, machine)) throw refused(machine, 'it exists, and its disks are not discarded');
  const folder = hand.state.folders[machine.name];
  const { unmade } = folder ?? {};
  if (!folder || !unmade) return;
  if (unmade.owner !== owner || unmade.uuid !== machine.uuid) throw refused(machine, 'its folder is of another one');
  for (const [generation, root] of Object.entries(folder.generations))
    if (root.unstarted) delete folder.generations[generation];
  hand.halfway();
  const isUsed = Object.keys(folder.generations).length > 0 || hasOtherState(folder);
  if (unmade.madeState && !isUsed && folder.stateDisk?.filesystemUuid === null) folder.stateDisk = null;
  delete folder.unmade;
  if (!isUsed && folder.stateDisk === null) delete hand.state.folders[machine.name];
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
