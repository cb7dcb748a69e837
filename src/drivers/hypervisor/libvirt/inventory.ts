import { KreError } from '../../../model/error.ts';
import type { Domain, HostNetwork, Inventory } from '../../../model/observed.ts';
import type { Files } from '../../../model/ports.ts';
import type { VirshResult } from '../../../virsh/batch.ts';
import type { Virsh } from '../../../virsh/virsh.ts';
import { readBridges } from './bridges.ts';
import { type DomainListing, listCommands, readListing } from './domain-list.ts';
import type { Described, Descriptions, ListedDomain } from './dumps.ts';
import type { HostReader } from './host.ts';
import { parseNetwork } from './parse-network.ts';
import type { StorageReading } from './storage-reading.ts';

export interface InventoryParts {
  readonly virsh: Virsh;
  readonly host: HostReader;
  readonly files: Files;
  readonly storage: () => Promise<StorageReading>;
  readonly operations: () => Inventory['operations'];
  readonly dumps: (listing: DomainListing) => Promise<Descriptions>;
}

const timeoutMs = 30_000;

/** See `HypervisorReader.inventory`: one virsh to learn what there is, one to have it described. */
export function createInventory(parts: InventoryParts): () => Promise<Inventory> {
  return async () => {
    try {
      return await readInventory(parts);
    } catch (thrown) {
      if (thrown instanceof KreError && thrown.code === 'ExecTimeout') throw tooSlow(parts.virsh.uri, thrown);
      throw thrown;
    }
  };
}

async function readInventory(parts: InventoryParts): Promise<Inventory> {
  const { virsh, host, files } = parts;
  // Nobody awaits these two when virsh fails first; their own failure is then of no interest.
  const [storage, bridges] = [parts.storage(), readBridges(files)];
  void storage.catch(() => undefined);
  void bridges.catch(() => undefined);
  const hostCommands = host.commands();
  const answers = await virsh.run([...listCommands, ...hostCommands], { timeoutMs });
  host.accept(answers.slice(listCommands.length));
  const listing = readListing(answers.slice(0, listCommands.length));
  const described = await parts.dumps(listing);
  const domains = listing.domains.flatMap((listed) => {
    const found = described.domains.get(listed.uuid);
    if (found) return [assemble(listed, found)];
    const reason = described.unread.get(listed.uuid);
    return reason === undefined ? [] : [unreadDomain(listed, reason)];
  });
  const networks = readNetworks(listing, described.networks);
  const hasKvmGuest = domains.some(({ live, agent }) => live?.acceleration === 'kvm' && agent === 'connected');
  const [capabilities, stored, hostBridges] = await Promise.all([host.settle(hasKvmGuest), storage, bridges]);
  return {
    host: { ...capabilities, freeDiskMiB: stored.freeDiskMiB },
    domains,
    networks: [...networks, ...hostBridges],
    images: stored.images,
    operations: parts.operations(),
    folders: stored.folders,
    ...(stored.retained.length > 0 ? { retained: stored.retained } : {}),
  };
}

function assemble(listed: ListedDomain, { current, next, isFresh }: Described): Domain {
  const { state, reason } = isFresh
    ? stateOf(listed, current.isLive)
    : { state: listed.state, reason: listed.stateReason };
  const isLive = isFresh ? current.isLive : listed.isActive;
  return {
    name: current.name,
    uuid: current.uuid,
    mark: current.mark,
    state,
    stateReason: reason,
    persistent: listed.persistent,
    autostart: listed.autostart,
    managedSave: listed.managedSave,
    agent: isLive === current.isLive || current.agent === 'absent' ? current.agent : 'disconnected',
    live: isLive ? (current.isLive ? current.shape : next.shape) : null,
    next: next.shape,
  };
}

/** What the lists tell of a domain: that it is there, and whose it is nobody knows. */
function unreadDomain(listed: ListedDomain, reason: string): Domain {
  return {
    name: listed.name,
    uuid: listed.uuid,
    mark: 'unreadable',
    state: listed.state,
    stateReason: listed.stateReason,
    persistent: listed.persistent,
    autostart: listed.autostart,
    managedSave: listed.managedSave,
    agent: 'absent',
    live: null,
    next: { cpus: 0, maxCpus: 0, memoryMiB: 0, machineType: '', acceleration: 'kvm', disks: [], interfaces: [] },
    unread: reason,
  };
}

/** The description is the newer of the two readings: a domain that stopped or started in between did so for a reason unknown. */
function stateOf(listed: ListedDomain, isLive: boolean): { state: Domain['state']; reason: string } {
  if (listed.isActive === isLive) return { state: listed.state, reason: listed.stateReason };
  return { state: isLive ? 'running' : 'shut off', reason: 'unknown' };
}

function readNetworks(listing: DomainListing, dumps: readonly VirshResult[]): readonly HostNetwork[] {
  return listing.networks.flatMap(({ active }, index) => {
    const dump = dumps[index];
    return dump?.ok ? [parseNetwork(dump.stdout, active)] : [];
  });
}

function tooSlow(uri: string, cause: KreError): KreError {
  return new KreError({
    code: 'HypervisorUnreachable',
    message: `libvirt at ${uri} did not list and describe its domains in time`,
    hint: 'The host may be overloaded; nothing is changed until libvirt answers.',
    disposition: 'retry',
    cause,
  });
}
