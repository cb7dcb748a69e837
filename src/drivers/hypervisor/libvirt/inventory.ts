import { KreError } from '../../../model/error.ts';
import type { Domain, HostNetwork, Inventory } from '../../../model/observed.ts';
import type { Files } from '../../../model/ports.ts';
import type { VirshCommand, VirshResult } from '../../../virsh/batch.ts';
import type { Virsh } from '../../../virsh/virsh.ts';
import { readBridges } from './bridges.ts';
import { type DomainListing, listCommands, readListing } from './domain-list.ts';
import { saysNoDomain } from './failures.ts';
import type { HostReader } from './host.ts';
import type { DomainDescription } from './parse-domain.ts';
import { parseNetwork } from './parse-network.ts';
import type { StorageReading } from './storage-reading.ts';

export interface InventoryParts {
  readonly virsh: Virsh;
  readonly host: HostReader;
  readonly files: Files;
  readonly storage: () => Promise<StorageReading>;
  readonly operations: () => Inventory['operations'];
  /** Reads one dump; remembers what it read last for the same text. */
  readonly describe: (key: string, xml: string) => DomainDescription;
}

/** For a whole batch; libvirt may have to wait for a domain with a long job. */
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
  const questions = listing.domains.flatMap(dumpsOf);
  const networkQuestions = listing.networks.map(({ uuid }): VirshCommand => ['net-dumpxml', uuid]);
  const dumps = await virsh.run([...questions, ...networkQuestions], { timeoutMs });
  const domains = readDomains(parts, listing, dumps.slice(0, questions.length));
  const networks = readNetworks(listing, dumps.slice(questions.length));
  const hasKvmGuest = domains.some(({ live, agent }) => live?.acceleration === 'kvm' && agent === 'connected');
  const [capabilities, stored, hostBridges] = await Promise.all([host.settle(hasKvmGuest), storage, bridges]);
  return {
    host: { ...capabilities, freeDiskMiB: stored.freeDiskMiB },
    domains,
    networks: [...networks, ...hostBridges],
    images: stored.images,
    operations: parts.operations(),
    folders: stored.folders,
  };
}

/** A running domain is described twice: as it is, and as it will be. */
function dumpsOf({ uuid, isActive, persistent }: DomainListing['domains'][number]): readonly VirshCommand[] {
  const current: VirshCommand = ['dumpxml', uuid];
  return isActive && persistent ? [current, ['dumpxml', uuid, '--inactive']] : [current];
}

function readDomains(parts: InventoryParts, listing: DomainListing, dumps: readonly VirshResult[]): readonly Domain[] {
  const left = [...dumps];
  return listing.domains.flatMap((listed) => {
    const found = left
      .splice(0, dumpsOf(listed).length)
      .map((dump, index) => describeDump(parts, listed.uuid, dump, index));
    const [current, next = current] = found;
    // Undefined between the two processes: it is not there.
    if (!current || !next) return [];
    return [assemble(listed, current, next)];
  });
}

function describeDump(parts: InventoryParts, uuid: string, dump: VirshResult, index: number): DomainDescription | null {
  if (dump.ok) return parts.describe(`${uuid}/${index}`, dump.stdout);
  if (saysNoDomain(dump.error)) return null;
  throw new KreError({
    code: 'VirshFailed',
    message: `libvirt did not describe the domain ${uuid}: ${dump.error}`,
    hint: `See what virsh dumpxml ${uuid} says.`,
    disposition: 'retry',
  });
}

function assemble(
  listed: DomainListing['domains'][number],
  current: DomainDescription,
  next: DomainDescription,
): Domain {
  const { state, reason } = stateOf(listed, current.isLive);
  return {
    name: current.name,
    uuid: current.uuid,
    mark: current.mark,
    state,
    stateReason: reason,
    persistent: listed.persistent,
    autostart: listed.autostart,
    managedSave: listed.managedSave,
    agent: current.agent,
    live: current.isLive ? current.shape : null,
    next: next.shape,
  };
}

/** The description is the newer of the two readings: a domain that stopped or started in between did so for a reason unknown. */
function stateOf(
  listed: DomainListing['domains'][number],
  isLive: boolean,
): { state: Domain['state']; reason: string } {
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
    message: `libvirt at ${uri} did not describe its domains within ${timeoutMs / 1000} s`,
    hint: 'A domain may be held by a long job (virsh domjobinfo); nothing is changed until libvirt answers.',
    disposition: 'retry',
    cause,
  });
}
