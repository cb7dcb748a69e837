import { KreError } from '../../../model/error.ts';
import type { VirshCommand } from '../../../virsh/batch.ts';
import type { Virsh } from '../../../virsh/virsh.ts';
import type { Hypervisor, MachineRef } from '../hypervisor.ts';
import { refused } from './failures.ts';
import type { Layout } from './layout.ts';
import type { OwnedDomain, Ownership } from './owned.ts';
import { parseDomain } from './parse-domain.ts';
import type { DiskTools } from './qemu-img.ts';
import { orThroughLibvirt, type Volumes } from './volumes.ts';

const readTimeoutMs = 15_000;

export interface LiveParts {
  readonly virsh: Virsh;
  readonly owned: Ownership;
  readonly layout: Layout;
  readonly disks: DiskTools;
  readonly volumes: Volumes;
}

/** See `MachineActs.updateLive`. */
export function createUpdateLive({ virsh, owned, layout, disks, volumes }: LiveParts): Hypervisor['updateLive'] {
  const growDisk = async (machine: MachineRef, isActive: boolean, path: string, sizeMiB: number): Promise<void> => {
    if (!isActive) return growStopped(disks, volumes, machine, path, sizeMiB);
    const info = await virsh.ask(['domblkinfo', machine.uuid, path], { timeoutMs: readTimeoutMs });
    const capacityBytes = Number(/^Capacity:\s+(\d+)/m.exec(info)?.[1]);
    if (!Number.isFinite(capacityBytes)) throw refused(machine, 'tell the disk size of', info);
    if (capacityBytes >= sizeMiB * 2 ** 20) return;
    await owned.act(machine, 'grow a disk of', [['blockresize', machine.uuid, path, `${sizeMiB}MiB`]]);
  };
  return async (machine, change) => {
    const domain = await owned.require(machine);
    const paths = {
      root: layout.rootDisk(machine.name, domain.mark.generation),
      state: layout.stateDisk(machine.name),
    };
    if (change.cpus !== null) await raiseCpus(virsh, owned, machine, domain, change.cpus);
    if (change.diskMiB !== null) await growDisk(machine, domain.isActive, paths.root, change.diskMiB);
    if (change.stateDiskMiB !== null) await growDisk(machine, domain.isActive, paths.state, change.stateDiskMiB);
  };
}

async function growStopped(
  disks: DiskTools,
  volumes: Volumes,
  machine: MachineRef,
  path: string,
  sizeMiB: number,
): Promise<void> {
  const cut = path.lastIndexOf('/');
  const volume = { machineUuid: machine.uuid, folder: path.slice(0, cut), name: path.slice(cut + 1) };
  const sizeBytes = await orThroughLibvirt(
    async () => (await disks.inspect(path)).virtualSizeBytes,
    () => volumes.sizeBytes(volume),
  );
  if (sizeBytes >= sizeMiB * 2 ** 20) return;
  await orThroughLibvirt(
    () => disks.resize(path, sizeMiB),
    () => volumes.resize(volume, sizeMiB),
  );
}

async function raiseCpus(
  virsh: Virsh,
  owned: Ownership,
  machine: MachineRef,
  domain: OwnedDomain,
  cpus: number,
): Promise<void> {
  const live = domain.isActive
    ? parseDomain(await virsh.ask(['dumpxml', machine.uuid], { timeoutMs: readTimeoutMs })).shape
    : null;
  const most = Math.min(domain.next.shape.maxCpus, live?.maxCpus ?? Number.POSITIVE_INFINITY);
  if (cpus > most) throw beyondMaximum(machine, cpus, most);
  const commands: VirshCommand[] = [];
  if (live && live.cpus < cpus) commands.push(['setvcpus', machine.uuid, String(cpus), '--live']);
  if (domain.next.shape.cpus < cpus) commands.push(['setvcpus', machine.uuid, String(cpus), '--config']);
  if (commands.length > 0) await owned.act(machine, 'raise the vCPUs of', commands);
}

function beyondMaximum(machine: MachineRef, cpus: number, most: number): KreError {
  return new KreError({
    code: 'VirshFailed',
    message: `${machine.name} cannot have ${cpus} vCPUs while it runs: it was started with room for ${most}`,
    hint: 'More than that takes a new definition and a restart of the machine.',
    disposition: 'stalled',
  });
}
