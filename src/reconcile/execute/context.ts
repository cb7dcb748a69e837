import type { Distribution, NodeContext } from '../../drivers/distribution/distribution.ts';
import type { Guest } from '../../drivers/guest/guest.ts';
import type { Hypervisor, MachineRef } from '../../drivers/hypervisor/hypervisor.ts';
import type { OperatingSystem } from '../../drivers/os/os.ts';
import type { DesiredCluster, DesiredMachine } from '../../model/desired.ts';
import { KreError } from '../../model/error.ts';
import type { DistributionName, OsName } from '../../model/manifest.ts';
import type { Mark, ObjectRef } from '../../model/mark.ts';
import type { Backup, Domain, Retention } from '../../model/observed.ts';
import type { World } from '../reconcile.ts';

/** What acts may use: drivers, and the places where secrets and records are kept. */
export interface ActParts {
  readonly hypervisor: Hypervisor;
  readonly guest: Guest;
  readonly distributions: Readonly<Record<DistributionName, Distribution>>;
  readonly oses: Readonly<Record<OsName, OperatingSystem>>;
  /** Text of the in-guest program, with the distribution's library or without one. */
  readonly program: (distribution: DistributionName | null) => string;
  readonly secrets: {
    ensure(cluster: string, requests: Distribution['secrets']): Promise<Readonly<Record<string, string>>>;
  };
  readonly records: {
    forget(object: ObjectRef, revision: string): Promise<void>;
    endRestoration(cluster: string): Promise<void>;
    endAdoption(object: string): Promise<void>;
  };
  readonly kubeconfigs: {
    publish(cluster: string, kubeconfig: string, server: string): Promise<void>;
    remove(cluster: string): Promise<void>;
  };
  readonly backups: BackupCopies;
  readonly uploads: BackupUploads;
  /** A guest in which something was done is read soon. */
  readonly outdate: (machine: string) => void;
}

/** Starts copying a backup out of a guest and returns at once; the copy shows as operation `fetch-<operation>`. */
export interface BackupCopies {
  start(request: {
    readonly machine: MachineRef;
    readonly operation: string;
    readonly expect: { readonly sha256: string; readonly sizeBytes: number };
    readonly backup: Omit<Backup, 'id' | 'sha256' | 'sizeBytes' | 'verified' | 'arrivedAtMs'>;
    readonly retention: Retention;
  }): void;
}

/** Starts bringing a backup into a guest and returns at once; it shows as operation `upload-<machine>-<backup>`. */
export interface BackupUploads {
  start(request: { readonly machine: MachineRef; readonly backup: Backup }): void;
}

export function machineOf(world: World, name: string): DesiredMachine {
  const machine = world.desired.machines.find((entry) => entry.name === name);
  if (!machine) throw missing(`machine ${name}`);
  return machine;
}

export function clusterOf(world: World, machine: DesiredMachine): DesiredCluster | null {
  if (machine.object.kind !== 'Cluster') return null;
  return world.desired.clusters.find((cluster) => cluster.name === machine.object.name) ?? null;
}

export function domainOf(world: World, name: string): Domain {
  const { inventory } = world.observed;
  const domain = inventory.known ? inventory.value.domains.find((entry) => entry.name === name) : undefined;
  if (!domain) throw missing(`domain ${name}`);
  return domain;
}

/** Identity by the observed domain: also of machines that the manifests do not name any more. */
export function refOf(world: World, name: string): MachineRef {
  return { name, uuid: domainOf(world, name).uuid };
}

export function markOf(world: World, name: string): Mark | null {
  const { inventory } = world.observed;
  const mark = inventory.known ? inventory.value.domains.find((entry) => entry.name === name)?.mark : null;
  return mark === 'unreadable' ? null : (mark ?? null);
}

/** Address of a machine as the mark or its guest tells; `null` while unknown. */
export function addressOf(world: World, machine: DesiredMachine): string | null {
  const marked = markOf(world, machine.name)?.address;
  if (marked) return marked;
  const reading = world.observed.guests[machine.name];
  if (!reading?.known) return null;
  return reading.value.addresses.find((entry) => entry.mac.toLowerCase() === machine.mac)?.address ?? null;
}

/** A node with what is known about its place, for rendering. `own` overrides the address of a machine that has no domain yet. */
export function nodeContext(
  world: World,
  machine: DesiredMachine,
  cluster: DesiredCluster,
  own?: string | null,
): NodeContext {
  const [first = ''] = cluster.controlPlanes;
  const controlPlane = first === machine.name ? machine : machineOf(world, first);
  const address = own === undefined ? addressOf(world, machine) : own;
  return {
    machine,
    cluster,
    address,
    controlPlaneAddress: controlPlane === machine ? address : addressOf(world, controlPlane),
    arch: machine.spec.image.arch === 'aarch64' ? 'arm64' : 'amd64',
    ...(markOf(world, machine.name)?.joins ? { joins: true } : {}),
  };
}

function missing(what: string): KreError {
  return new KreError({
    code: 'NotFound',
    message: `${what} is not there any more`,
    hint: 'The next pass plans anew.',
    disposition: 'retry',
  });
}
