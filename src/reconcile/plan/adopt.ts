import type { DesiredMachine } from '../../model/desired.ts';
import { type Mark, objectKey } from '../../model/mark.ts';
import type { Adoption, Domain, RetainedDisk } from '../../model/observed.ts';
import type { Draft } from './draft.ts';
import type { Facts } from './facts.ts';
import type { MachineRoad } from './machine.ts';
import { planMakeRoom } from './make-room.ts';

const goneWayOut =
  'Put it back there with its mark.json. To do without it: remove adoptions.json from the state folder.';

/** The wish to have a retained state disk back under a machine; `null` if there is none. */
export function adoptionOf({ records }: Facts, machine: DesiredMachine): Adoption | null {
  const key = objectKey(machine.object);
  const own = records.adoptions?.find((entry) => entry.machine === machine.name && entry.object === key);
  return own && machine.stateDisk ? own : null;
}

/** State disks that were kept of earlier machines of this name, newest last. */
function retainedOf({ inventory }: Facts, machine: DesiredMachine): readonly RetainedDisk[] {
  const own = (inventory.retained ?? []).filter(({ uuid }) => uuid === machine.uuid);
  return own.sort((a, b) => a.atMs - b.atMs);
}

/** Whether only the control plane of its cluster, or a machine of its own, has data that nobody else answers for. */
export function isLoneKeeper(machine: DesiredMachine, controlPlanes: number): boolean {
  const role = machine.spec.kubernetes?.role;
  return role === undefined || (role === 'control-plane' && controlPlanes === 1);
}

/** Nothing is made in place of a machine whose state disk is wanted back and gone, or has another one in its way; adds the block. */
export function isAdoptionHeld(facts: Facts, machine: DesiredMachine, adoption: Adoption, draft: Draft): boolean {
  const { retained } = adoption;
  const isKept = retainedOf(facts, machine).some(({ name }) => name === retained);
  const hasDisk = facts.folders.get(machine.name)?.hasStateDisk ?? false;
  if (isKept !== hasDisk) return false;
  draft.block({
    guard: 'Restore',
    reason: isKept
      ? `${machine.name} has a state disk, so ${retained} is not put in its place`
      : `state disk ${retained}, which ${machine.name} is to have back, is not under retained/`,
    wayOut: isKept ? "Move state.qcow2 out of the machine's folder." : goneWayOut,
  });
  return true;
}

/** Brings the state disk back before the machine is made; nothing where it is back already. */
export function planAdopt(
  facts: Facts,
  machine: DesiredMachine,
  adoption: Adoption | null,
  needs: readonly string[],
  draft: Draft,
): readonly string[] {
  if (!adoption || facts.folders.get(machine.name)?.hasStateDisk) return needs;
  return draft.step({
    id: `machine/${machine.name}/adopt-retained`,
    title: `bring the state disk of ${machine.name} back`,
    reason: `somebody asked for ${adoption.retained}`,
    needs,
    action: { kind: 'adopt-retained', machine: machine.name, retained: adoption.retained },
  });
}

/** The mark of a machine that is made around a retained state disk: it is what the disk last ran with. */
export function adoptedMark(adoption: Adoption | null, mark: Mark): Mark {
  if (!adoption) return mark;
  const { retained, atMs, version, stateDiskMiB } = adoption;
  const { kubernetes } = mark.spec;
  const spec = {
    ...mark.spec,
    stateDiskMiB: stateDiskMiB ?? mark.spec.stateDiskMiB,
    kubernetes: kubernetes && version !== null ? { ...kubernetes, version } : kubernetes,
  };
  return { ...mark, spec, adopted: { retained, atMs } };
}

/** Whether a machine stands where another is to be made around a retained disk. One that a person gave up is removed, its own disk retained. */
export function planRoomForRetained(
  facts: Facts,
  machine: DesiredMachine,
  domain: Domain,
  mark: Mark,
  draft: Draft,
): boolean {
  const adoption = adoptionOf(facts, machine);
  if (adoption === null || mark.adopted?.atMs === adoption.atMs) return false;
  const { object, retained, replace } = adoption;
  const isKept = retainedOf(facts, machine).some(({ name }) => name === retained);
  if (!replace || !isKept) {
    draft.block({
      guard: 'Restore',
      reason: isKept
        ? `${machine.name} is there, so ${retained} is not put under it`
        : `state disk ${retained}, which ${machine.name} is to have back, is not under retained/`,
      wayOut: isKept
        ? `To have it in place of the present state disk, which is retained: kreconcile restore ${object} ${retained} --replace`
        : goneWayOut,
    });
    return false;
  }
  planMakeRoom(facts, machine, domain, `somebody asked for state disk ${retained} in its place`, draft);
  return true;
}

/** The machine stands on its old state disk: the wish is struck off, so that it brings nothing back another time. */
export function planAdopted(facts: Facts, machine: DesiredMachine, { mark, up, draft }: MachineRoad): void {
  const adoption = adoptionOf(facts, machine);
  if (!adoption || up === null || mark?.adopted?.atMs !== adoption.atMs) return;
  draft.step({
    id: `machine/${machine.name}/adopted`,
    title: `note that the state disk of ${machine.name} is back`,
    reason: 'the machine runs on it',
    needs: up,
    action: { kind: 'end-adoption', object: adoption.object },
  });
}

/** Tells of a state disk that was kept while a blank one is made or new under the same name. */
export function noteRetained(facts: Facts, machine: DesiredMachine, mark: Mark | null, draft: Draft): void {
  const [newest] = retainedOf(facts, machine).slice(-1);
  const controlPlanes = facts.clusters.get(machine.object.name)?.controlPlanes.length ?? 0;
  if (!newest || !machine.stateDisk || !isLoneKeeper(machine, controlPlanes) || adoptionOf(facts, machine)) return;
  const isNew = mark === null ? !facts.folders.get(machine.name)?.hasStateDisk : isFirst(mark);
  if (!isNew) return;
  const command = `kreconcile restore ${objectKey(machine.object)} ${newest.name}${mark === null ? '' : ' --replace'}`;
  draft.note(`a retained state disk of ${machine.name}, ${newest.name}, exists; \`${command}\` brings it back`);
}

function isFirst({ provenAtMs, previous, adopted, restored }: Mark): boolean {
  return provenAtMs === null && (previous ?? null) === null && !adopted && !restored;
}
