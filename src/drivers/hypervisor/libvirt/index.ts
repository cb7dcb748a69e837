/** The libvirt provider of the hypervisor role: virsh for domains and networks, qemu-img and files for what they stand on. */
import type { Downloads } from '../../../model/download.ts';
import type { Clock, Exec, Files, Log } from '../../../model/ports.ts';
import type { Virsh } from '../../../virsh/virsh.ts';
import type { Hypervisor } from '../hypervisor.ts';
import { createAddressActs } from './addresses.ts';
import { createDefine } from './definition.ts';
import { createDeleteMachine } from './deletion.ts';
import { createDiscardDisks } from './discard.ts';
import { createDiskActs } from './disks.ts';
import { createDomainReader } from './domain-reader.ts';
import { createDumps } from './dumps.ts';
import { createHostReader } from './host.ts';
import { createHostOperations } from './host-operations.ts';
import { createFetchImage } from './image-act.ts';
import { createImageCatalogue } from './image-catalogue.ts';
import { createInventory } from './inventory.ts';
import { createKvmProbe } from './kvm-probe.ts';
import { createLayout } from './layout.ts';
import { createUpdateLive } from './live.ts';
import { createOwnership } from './owned.ts';
import { createPowerActs } from './power.ts';
import { createDiskTools } from './qemu-img.ts';
import { createAdoptRetained } from './retained.ts';
import { createSeedWriter } from './seed-iso.ts';
import { createStateDiskActs } from './state-disk.ts';
import { storageFiles } from './storage-files.ts';
import { readStorage } from './storage-reading.ts';
import { createStorageTools } from './tools.ts';
import { createVolumes } from './volumes.ts';
import { createWatch } from './watch.ts';

export interface LibvirtSettings {
  readonly virsh: Virsh;
  readonly exec: Exec;
  readonly files: Files;
  readonly downloads: Downloads;
  readonly clock: Clock;
  readonly log: Log;
  /** Absolute; default by configuration `/var/lib/libvirt/images/kreconcile`. Belongs to the agent's user, 0711. */
  readonly imagesFolder: string;
  /** Domains with another owner's mark are foreign. */
  readonly owner: string;
  /** Without it, `define` fails with `EmulationRefused` where KVM does not serve. */
  readonly allowEmulation: boolean;
}

/** A hypervisor over libvirt on this host. Starts nothing until it is asked; only `watch` keeps a process. */
export function createLibvirt(settings: LibvirtSettings): Hypervisor {
  const { virsh, exec, clock, log, owner } = settings;
  const layout = createLayout(settings.imagesFolder);
  const files = storageFiles(settings.files, layout.root);
  const tools = createStorageTools(exec, layout.root);
  const disks = createDiskTools(tools, files);
  const seeds = createSeedWriter(tools, files);
  const host = createHostReader(virsh, createKvmProbe(exec));
  const owned = createOwnership(virsh, owner);
  const catalogue = createImageCatalogue(files, layout, disks);
  const volumes = createVolumes(virsh);
  const operations = createHostOperations({ clock, log });
  const { allowEmulation } = settings;
  return {
    inventory: createInventory({
      virsh,
      host,
      files,
      storage: () => readStorage(files, layout, catalogue),
      operations: () => operations.list(),
      dumps: createDumps({ virsh, clock, log, describe: createDomainReader() }),
    }),
    watch: createWatch(virsh, host),
    define: createDefine({ owned, host, layout, files, tools, owner, allowEmulation }),
    ...createDiskActs({ owned, layout, files, disks, seeds, owner }),
    discardDisks: createDiscardDisks({ owned, layout, files, owner }),
    ...createPowerActs({ virsh, owned, layout, files, operations }),
    updateLive: createUpdateLive({ virsh, owned, layout, disks, volumes }),
    deleteMachine: createDeleteMachine({ owned, layout, files, clock, operations }),
    ...createStateDiskActs({ virsh, owned, layout, files, tools, volumes, operations }),
    adoptRetained: createAdoptRetained({ owned, layout, files }),
    ...createAddressActs(virsh),
    fetchImage: createFetchImage({ downloads: settings.downloads, files, layout, disks, catalogue, operations }),
  };
}
