/**
 * The whole simulated world as plain data, so that it can be copied, stored and compared. It is the one mutable value of
 * the product: physics (`power.ts`, `boot.ts`, …) change it in place, because a copy of ten thousand machines for each act would
 * be the most expensive part of a simulation. What others get to see of it (marks, shapes, images) is replaced whole, never edited.
 */
import type { GuestOperation, GuestStateDisk } from '../model/guest-status.ts';
import type { Mark } from '../model/mark.ts';
import type {
  DomainShape,
  DomainState,
  HostFacts,
  HostNetwork,
  HostOperation,
  StoredImage,
} from '../model/observed.ts';
import type { SimCluster } from './cluster-state.ts';
import type { Durations } from './durations.ts';
import type { SimFault } from './fault.ts';

export interface WorldState {
  readonly schema: 1;
  /** Everything that is due up to here has happened, ms since epoch. */
  atMs: number;
  /** Identities (boot ids, cluster UIDs, tokens, keys) are derived from it and `counter`. */
  readonly seed: string;
  counter: number;
  /** Durations are divided by it. */
  speed: number;
  durations: Durations;
  host: HostFacts;
  /** Where disks are said to be. */
  readonly imagesFolder: string;
  /** Digest of the in-guest program where a seed brings none. */
  program: string;
  /** By UUID. */
  domains: Record<string, SimDomain>;
  /** UUIDs of domains by name; changed by `domains.ts` alone. */
  names: Record<string, string>;
  networks: SimNetwork[];
  /** By digest. */
  images: Record<string, StoredImage>;
  /** By id. */
  operations: Record<string, HostOperation>;
  /** By machine name: the folders of the images folder. */
  folders: Record<string, SimFolder>;
  retained: SimRetainedDisk[];
  /** By UID of the kube-system namespace. A cluster exists as long as a disk holds its data. */
  clusters: Record<string, SimCluster>;
  faults: SimFault[];
  /** What will happen, by time. */
  events: SimEvent[];
}

export interface SimDomain {
  readonly uuid: string;
  readonly name: string;
  mark: Mark | null | 'unreadable';
  state: DomainState;
  stateReason: string;
  persistent: boolean;
  autostart: boolean;
  live: DomainShape | null;
  next: DomainShape;
  /** The present power cycle; `null` while off. */
  run: SimRun | null;
  /** A managed save: the next start goes on where it was. */
  saved: SavedRun | null;
}

/** A power cycle that stands still, with what was going to happen in it. */
export interface SavedRun {
  readonly run: SimRun;
  readonly atMs: number;
  readonly events: readonly SimEvent[];
}

/** What is lost with the power. */
export interface SimRun {
  readonly bootId: string;
  readonly startedAtMs: number;
  /** Generation that booted; `null` for a domain whose disks are not ours. */
  readonly generation: number | null;
  agentConnected: boolean;
  stateDisk: GuestStateDisk;
  serviceActive: boolean;
  apiReady: boolean;
  /** The clean shutdown that was asked for ends with an `off` event. */
  isShuttingDown: boolean;
  /** The guest stands still and answers nobody; absent: it does not. */
  isHung?: boolean;
}

export interface SimNetwork {
  network: HostNetwork;
  /** By MAC: what DHCP gave away, which a machine gets again. */
  readonly leases: Record<string, string>;
  /** How many leases were given from the range's start on. */
  leasesGiven: number;
}

export interface SimFolder {
  readonly machine: string;
  /** By number. */
  readonly generations: Record<string, SimRoot>;
  stateDisk: SimStateDisk | null;
  /** By the generation that was about to be left: copies of the state disk. Absent in older worlds: none. */
  copies?: Record<string, SimStateCopy>;
  /** By generation: the state disk's `writes` when copying it began. */
  copying?: Record<string, number>;
  /** The state disk that going back has put aside. */
  setAside?: SimStateDisk | null;
  /** For whom the folder was made, until the machine has a domain. `madeState`: its state disk was made with it. */
  unmade?: { readonly owner: string; readonly uuid: string; readonly madeState: boolean };
}

/** A copy of a state disk with what was on it. */
export interface SimStateCopy {
  readonly disk: SimStateDisk;
  /** The cluster's datastore at that moment, where this disk was the only one that held it. */
  readonly datastore: SimCluster | null;
}

export interface SimRoot {
  readonly imageDigest: string;
  sizeMiB: number;
  /** Prepared, and never booted. */
  unstarted: boolean;
  /** What is on it does not boot any more; absent: it does. */
  isBroken?: boolean;
  /** `null` while a preparation was interrupted before the seed. */
  seed: SeedFacts | null;
  /** What first boot and later work wrote onto the root disk. */
  installed: InstalledRoot | null;
}

/** What a guest takes from its seed. The texts are not kept: they are long, and a world may hold thousands. */
export interface SeedFacts {
  readonly instanceId: string;
  /** Digest of user-data, meta-data and network-config together. */
  readonly digest: string;
  readonly stateUuid: string | null;
  readonly stateNew: boolean;
  /** Digest of the in-guest program that the seed installs, if it names one. */
  readonly program: string | null;
  /** Version that first boot installs, if the seed names one; else that of the mark. */
  readonly version: string | null;
  /** Whether the seed asks bootstrap to leave room for a restore. */
  readonly restore?: boolean;
  /** Whether the seed asks bootstrap to leave a control plane without a cluster of its own, because it joins one. */
  readonly joins?: boolean;
}

export interface InstalledRoot {
  instanceId: string;
  /** UUID that the state disk's filesystem must have, as the first boot's seed said; a later boot formats nothing. */
  stateUuid: string;
  /** Version that bootstrap installs, as the first boot's seed said. */
  version: string | null;
  /** Bootstrap stops at `installed`, because a backup is to be brought back. */
  restore?: boolean;
  /** Bootstrap of a control plane stops at `installed`, because it joins a cluster. */
  joins?: boolean;
  /** Text of /etc/kreconcile/veto. */
  veto?: string;
  cloudInit: 'running' | 'done' | 'error';
  program: string;
  /** Version of the Kubernetes binaries; `null`: none. */
  kubernetes: string | null;
  staged: string[];
  operations: SimOperation[];
  /** By operation id: the bytes of the backup, one character each. */
  backups: Record<string, string>;
  /** Membership of a node without a state disk. */
  member: SimMember | null;
}

export interface SimOperation extends GuestOperation {
  readonly input: Readonly<Record<string, string>>;
}

export interface SimStateDisk {
  sizeMiB: number;
  readonly serial: string;
  /** `null`: blank. `foreign`: something that is not a filesystem of ours. */
  filesystemUuid: string | null;
  member: SimMember | null;
  /** How often it may have been written: power cycles and growth. Absent: never counted. */
  writes?: number;
}

/** A node's membership in a cluster: what the keep-paths hold. */
export interface SimMember {
  readonly clusterUid: string;
  readonly node: string;
  readonly role: 'control-plane' | 'worker';
  /** Version that last ran with this data. */
  version: string;
  /** Version of the API server where an upgrade that failed left another one than the kubelet's. */
  apiVersion?: string;
  /** Version before the last upgrade: its programs and configuration are kept. */
  previous?: string;
  /** The datastore of a single control plane, as JSON, right before another minor first ran with it; absent in older worlds. */
  before?: string;
}

export interface SimRetainedDisk {
  readonly name: string;
  /** Of its domain; absent in older worlds: it is not known any more. */
  readonly uuid?: string;
  readonly machine: string;
  readonly atMs: number;
  readonly mark: Mark;
  readonly disk: SimStateDisk;
}

/** Something that will happen. `about` tells two power cycles or operations of a machine apart. */
export interface SimEvent {
  readonly atMs: number;
  readonly kind: 'boot' | 'cloud-init' | 'off' | 'operation' | 'api' | 'ready' | 'lost' | 'fetched' | 'copied';
  /** UUID of a domain, UID of a cluster (`lost`), digest of an image (`fetched`) or name of a machine (`copied`). */
  readonly of: string;
  /** Boot id, operation id, node name, format of the image or generation. */
  readonly about: string;
}

/** What a change of the world would tell a libvirt event listener. */
export interface Notice {
  readonly kind: 'lifecycle' | 'agent-connected' | 'agent-disconnected' | 'other';
  readonly machine: string | null;
}
