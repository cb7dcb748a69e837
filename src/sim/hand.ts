import type { GuestStatus } from '../model/guest-status.ts';
import type { HostOperation } from '../model/observed.ts';
import type { SeedFiles } from '../model/seed.ts';
import { dropLostClusters } from './cluster.ts';
import type { SimCluster } from './cluster-state.ts';
import { addDomain, domainNamed, removeDomain } from './domains.ts';
import { type ClusterCall, callGuest } from './guest-calls.ts';
import { clusterServedBy, guestStatus } from './guest-status.ts';
import { nextUuid } from './identity.ts';
import { beginFetch, hostOperations, storeImage } from './images.ts';
import { beginOperation, type OperationRequest } from './operations.ts';
import { addressOf, installedOf } from './places.ts';
import { askShutdown, hang, powerOn, reset, turnOff } from './power.ts';
import { isServing } from './quorum.ts';
import { programDigest, readSeed } from './seed-facts.ts';
import type {
  InstalledRoot,
  Notice,
  SeedFacts,
  SimDomain,
  SimFolder,
  SimRun,
  SimStateCopy,
  SimStateDisk,
  WorldState,
} from './state.ts';
import { beginCopy, countWrite, isCurrent, putBack, setAside, stopCopies } from './state-copies.ts';

/**
 * What providers and tests hold the world with: its state as it is now, and the physics that they may set off. Physics know no ownership and no
 * idempotence; those are promises of the roles, and the providers keep them.
 */
export interface SimHand {
  readonly state: WorldState;
  readonly nowMs: number;
  /** Marks a place where an act may be cut short half done. */
  halfway(): void;
  /** Tells watchers what they would hear from libvirt. */
  tell(notice: Notice): void;
  domainNamed(name: string): SimDomain | null;
  addDomain(init: Pick<SimDomain, 'uuid' | 'name' | 'mark' | 'next'>): SimDomain;
  removeDomain(domain: SimDomain): void;
  powerOn(domain: SimDomain): void;
  askShutdown(domain: SimDomain): void;
  turnOff(domain: SimDomain, reason: string): void;
  reset(domain: SimDomain): void;
  hang(domain: SimDomain): void;
  readSeed(seed: SeedFiles): SeedFacts;
  beginFetch(image: { readonly digest: string; readonly format: 'qcow2' | 'raw' }): void;
  /** Puts an image into the store at once. */
  storeImage(digest: string, format: 'qcow2' | 'raw'): void;
  hostOperations(): readonly HostOperation[];
  beginStateCopy(folder: SimFolder, generation: number): void;
  stopStateCopies(machine: string): void;
  isStateCopyCurrent(folder: SimFolder, copy: SimStateCopy): boolean;
  /** Makes copies of the disk stale. */
  countStateWrite(disk: SimStateDisk): void;
  setStateAside(folder: SimFolder): void;
  putStateBack(domain: SimDomain, folder: SimFolder, generation: number): void;
  dropLostClusters(): void;
  addressOf(domain: SimDomain): string | null;
  installedOf(domain: SimDomain): InstalledRoot | null;
  clusterServedBy(domain: SimDomain): SimCluster | null;
  /** Whether the machine's own API server answers. */
  isServing(domain: SimDomain): boolean;
  guestStatus(domain: SimDomain, run: SimRun, kubeconfigDigest: string | null): GuestStatus;
  beginOperation(domain: SimDomain, installed: InstalledRoot, request: OperationRequest): void;
  callGuest(
    domain: SimDomain,
    call: ClusterCall,
    input: Readonly<Record<string, string>>,
  ): Readonly<Record<string, string>>;
  programDigest(text: string): string;
  /** The world's next identity. */
  nextUuid(): string;
}

/** A hand on the state, at the state's own time. */
export function handOn(state: WorldState, notices: Notice[], halfway: () => void): SimHand {
  return {
    state,
    nowMs: state.atMs,
    halfway,
    tell: (notice) => notices.push(notice),
    domainNamed: (name) => domainNamed(state, name),
    addDomain: (init) => addDomain(state, init),
    removeDomain: (domain) => removeDomain(state, domain),
    powerOn: (domain) => {
      powerOn(state, domain, state.atMs);
      notices.push({ kind: 'lifecycle', machine: domain.name });
    },
    askShutdown: (domain) => askShutdown(state, domain, state.atMs),
    turnOff: (domain, reason) => {
      turnOff(state, domain, reason, state.atMs);
      notices.push({ kind: 'agent-disconnected', machine: domain.name }, { kind: 'lifecycle', machine: domain.name });
    },
    reset: (domain) => {
      reset(state, domain, state.atMs);
      notices.push({ kind: 'agent-disconnected', machine: domain.name }, { kind: 'other', machine: domain.name });
    },
    hang: (domain) => hang(state, domain, state.atMs),
    readSeed,
    beginFetch: (image) => beginFetch(state, image, state.atMs),
    storeImage: (digest, format) => storeImage(state, digest, format),
    hostOperations: () => hostOperations(state, state.atMs),
    beginStateCopy: (folder, generation) => beginCopy(state, folder, generation, state.atMs),
    stopStateCopies: (machine) => stopCopies(state, machine, state.atMs),
    isStateCopyCurrent: isCurrent,
    countStateWrite: countWrite,
    setStateAside: setAside,
    putStateBack: (domain, folder, generation) => putBack(state, domain, folder, generation),
    dropLostClusters: () => dropLostClusters(state),
    addressOf: (domain) => addressOf(state, domain),
    installedOf: (domain) => installedOf(state, domain),
    clusterServedBy: (domain) => clusterServedBy(state, domain),
    isServing: (domain) => {
      const cluster = clusterServedBy(state, domain);
      return cluster !== null && isServing(state, cluster, domain);
    },
    guestStatus: (domain, run, digest) => guestStatus(state, domain, run, digest),
    beginOperation: (domain, installed, request) => beginOperation(state, domain, installed, request, state.atMs),
    callGuest: (domain, call, input) => callGuest(state, domain, call, input),
    programDigest,
    nextUuid: () => nextUuid(state),
  };
}
