import type { Hypervisor, MachineRef } from '../../../src/drivers/hypervisor/hypervisor.ts';
import type { DesiredImage } from '../../../src/model/desired.ts';
import type { Mark } from '../../../src/model/mark.ts';
import type { Domain, HostOperation, Inventory, MachineFolder } from '../../../src/model/observed.ts';

/** What a provider of the hypervisor role gives to be held against the contract. The world starts without domains. */
export interface HypervisorWorld {
  readonly driver: Hypervisor;
  /** The owner whose marks the driver takes for its own. */
  readonly owner: string;
  /** An active libvirt network with DHCP, and two addresses inside its subnet that nobody has. */
  readonly network: string;
  readonly freeAddresses: readonly [string, string];
  /** Can be fetched; a guest of it answers its agent within `until`'s patience, and follows a clean shutdown. */
  readonly image: DesiredImage;
  /** Its URLs lead nowhere. */
  readonly missingImage: DesiredImage;
  /** Its bytes have another checksum. */
  readonly forgedImage: DesiredImage;
  /** What a machine needs to boot here: `maximum` where guests are emulated. */
  readonly cpuMode: Mark['spec']['cpuMode'];
  /** Somebody else's defined, stopped domain: without a mark, or with that of another owner. */
  addForeign(name: string, kind: 'unmarked' | 'other-owner'): Promise<MachineRef>;
  /** Waits until the condition holds: moves the simulator's clock, or polls. Fails, naming `what`, when patience ends. */
  until(what: string, condition: () => boolean | Promise<boolean>): Promise<void>;
  dispose(): Promise<void>;
}

/** The domain in a fresh inventory. */
export async function findDomain(driver: Hypervisor, uuid: string): Promise<Domain | undefined> {
  return (await driver.inventory()).domains.find((domain) => domain.uuid === uuid);
}

/** The domain in a fresh inventory, which must be there. */
export async function readDomain(driver: Hypervisor, uuid: string): Promise<Domain> {
  const domain = await findDomain(driver, uuid);
  if (!domain) throw new Error(`no domain ${uuid} in the inventory`);
  return domain;
}

/** The machine's folder in a fresh inventory, without the space it takes: that differs from world to world. */
export async function findFolder(driver: Hypervisor, machine: string): Promise<MachineFolder | undefined> {
  const found = (await driver.inventory()).folders.find((folder) => folder.machine === machine);
  if (!found) return undefined;
  const { useMiB: _space, ...rest } = found;
  return rest;
}

/** The operation that fetches an image, as long as the driver remembers it. */
export function fetchOperation(inventory: Inventory, image: DesiredImage): HostOperation | undefined {
  return inventory.operations.find((operation) => operation.id === `fetch-image-${image.digest}`);
}

/** Fetches the world's image into the store. */
export async function storeImage(world: HypervisorWorld): Promise<void> {
  await world.driver.fetchImage(world.image);
  await world.until('the image is in the store', async () =>
    (await world.driver.inventory()).images.some((image) => image.digest === world.image.digest),
  );
}
