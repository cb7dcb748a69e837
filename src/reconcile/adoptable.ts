import type { DesiredMachine } from '../model/desired.ts';
import { KreError } from '../model/error.ts';
import { objectKey } from '../model/mark.ts';
import type { Adoption, Inventory, RetainedDisk } from '../model/observed.ts';
import { isLoneKeeper } from './plan/adopt.ts';
import type { World } from './reconcile.ts';

/** Whether a text names a retained state disk, not a backup. */
export function isRetainedName(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-/.test(text);
}

/**
 * Judges whether a retained state disk may go back under a machine of an object (`Cluster/x`, `Machine/x`). `RestoreRefused` says why not, `NotFound` that
 * there is no such disk.
 */
export function adoptable(world: World | null, key: string, name: string, replace: boolean): Omit<Adoption, 'atMs'> {
  const machines = world?.desired.machines.filter(({ object }) => objectKey(object) === key) ?? [];
  if (!world || machines.length === 0)
    throw refused(`no ${key} is in the manifests`, 'Commit it first; a state disk comes back under what they ask for.');
  const { inventory } = world.observed;
  if (!inventory.known)
    throw refused(`nobody knows what is there: ${inventory.reason}`, 'Start libvirt, and try again.');
  const all = inventory.value.retained ?? [];
  const disk = all.find((entry) => entry.name === name);
  if (!disk) throw noDisk(key, name, all, machines);
  const machine = machines.find(({ uuid }) => uuid === disk.uuid);
  if (!machine || machine.name !== disk.machine || objectKey(disk.mark.object) !== key)
    throw refused(
      `${name} is of ${disk.machine} of ${objectKey(disk.mark.object)}, not of ${key}`,
      'A state disk comes back only under the machine that it was of.',
    );
  assertMember(world, machine, disk, all);
  assertRoom(inventory.value, machine, key, name, replace);
  const { spec, address } = disk.mark;
  return {
    object: key,
    machine: machine.name,
    retained: name,
    replace,
    version: spec.kubernetes?.version ?? null,
    address,
    stateDiskMiB: spec.stateDiskMiB,
  };
}

/** Refuses what a cluster may know nothing of any more, or what knows members that are gone. */
function assertMember(
  { desired }: World,
  machine: DesiredMachine,
  { name, mark }: RetainedDisk,
  all: readonly RetainedDisk[],
): void {
  const byHand = `To look at its data, attach a copy of retained/${name}/state.qcow2 to another machine.`;
  const { role, distribution } = machine.spec.kubernetes ?? { role: undefined, distribution: undefined };
  if (!machine.stateDisk)
    throw refused(`${machine.name} has no state disk in the manifests`, 'Commit one for it, and try again.');
  if (role !== mark.spec.kubernetes?.role || distribution !== mark.spec.kubernetes?.distribution)
    throw refused(
      `${name} is of ${mark.spec.kubernetes?.distribution ?? 'a plain machine'}, and ${machine.name} is another kind of node now`,
      `Commit what it was. ${byHand}`,
    );
  if (role === 'worker')
    throw refused(
      `${machine.name} is a worker: its node may have been taken out of the cluster, and would come back as one that nobody knows`,
      `It joins anew with a blank state disk. ${byHand}`,
    );
  const { name: cluster } = machine.object;
  const controlPlanes = desired.clusters.find((entry) => entry.name === cluster)?.controlPlanes.length ?? 0;
  if (!isLoneKeeper(machine, controlPlanes))
    throw refused(
      `${cluster} has ${controlPlanes} control planes, and etcd may have removed this member`,
      `A removed member never comes back: the others go on, and a new one joins. If the whole cluster is lost, commit one replica and restore a backup: kreconcile backup list ${cluster}`,
    );
  const others = all.filter(
    (entry) =>
      role !== undefined &&
      entry.machine !== machine.name &&
      objectKey(entry.mark.object) === objectKey(machine.object) &&
      entry.mark.spec.kubernetes?.role === role,
  );
  if (others.length > 0)
    throw refused(
      `${cluster} had other control planes (${others.map((entry) => entry.machine).join(', ')}): alone this member may have no majority, or have been removed by etcd`,
      `Restore a backup: kreconcile backup list ${cluster}. If this one was the last member when it was deleted, move the others' folders out of retained/.`,
    );
}

function assertRoom(
  { domains, folders }: Inventory,
  { name: machine }: DesiredMachine,
  key: string,
  name: string,
  replace: boolean,
): void {
  if (domains.some((domain) => domain.name === machine)) {
    if (replace) return;
    throw refused(
      `${machine} is there, with a state disk of its own`,
      `To have this one in its place, with the present one retained: kreconcile restore ${key} ${name} --replace`,
    );
  }
  if (folders.some((folder) => folder.machine === machine && folder.hasStateDisk))
    throw refused(
      `a state disk of ${machine} stands in its folder: the agent makes the machine again with the data on it`,
      `To have the other in its place: wait for the machine, and then kreconcile restore ${key} ${name} --replace`,
    );
}

function refused(message: string, hint: string): KreError {
  return new KreError({ code: 'RestoreRefused', message, hint, disposition: 'stalled' });
}

function noDisk(
  key: string,
  name: string,
  all: readonly RetainedDisk[],
  machines: readonly DesiredMachine[],
): KreError {
  const own = all.filter(({ uuid }) => machines.some((machine) => machine.uuid === uuid)).map((entry) => entry.name);
  return new KreError({
    code: 'NotFound',
    message: `there is no retained state disk ${name} with a readable mark.json on this host`,
    hint: own.length === 0 ? `None of ${key} is kept under retained/.` : `One of: ${own.slice(-20).join(', ')}.`,
    disposition: 'stalled',
  });
}
