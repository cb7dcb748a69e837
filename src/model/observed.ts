import type { GuestStatus } from './guest-status.ts';
import type { Mark } from './mark.ts';

/** A value that was read, and when. Unknown is a value, never a guess. */
export type Reading<T> =
  | { readonly known: true; readonly value: T; readonly atMs: number }
  | { readonly known: false; readonly reason: string; readonly atMs: number | null; readonly error?: ReadingError };

/** The error behind a reading that failed; `reason` is its message. */
export interface ReadingError {
  /** A code of docs/errors.md. */
  readonly code: string;
  /** What a person can do. */
  readonly hint: string;
}

/** What hypervisor, guests and the state folder report at one moment. */
export interface Observed {
  readonly inventory: Reading<Inventory>;
  /** By machine name; a machine without entry was never read. */
  readonly guests: Readonly<Record<string, Reading<GuestStatus>>>;
  readonly records: Records;
  /** What schedules, commands and files say now; absent: nothing was asked. */
  readonly calendar?: Calendar;
}

/** Schedules judged by wall time, outside the planner. Keys of objects are `Cluster/dev`. */
export interface Calendar {
  readonly windows: Readonly<Record<string, WindowState>>;
  /** By cluster: when a scheduled backup was last due and when the next one is, ms since epoch. */
  readonly backups: Readonly<Record<string, { readonly lastDueMs: number | null; readonly nextDueMs: number | null }>>;
  /** By object: what forbids disruptions of it now. */
  readonly blockers: Readonly<Record<string, readonly HostBlocker[]>>;
}

/** A file or command of this host that forbids disruptions. */
export interface HostBlocker {
  readonly what: string;
  readonly reason: string;
  /** It is being asked, and nothing is known of it until it has answered. */
  readonly isAsked?: true;
}

export interface WindowState {
  readonly isOpen: boolean;
  /** When it closes or, closed, when that ends; `null`: not by itself. */
  readonly untilMs: number | null;
  readonly nextOpenMs: number | null;
  /** Until when a rollout that is under way may go on to its next machines although it is closed; absent or `null`: it may not. */
  readonly overrunUntilMs?: number | null;
  readonly reason: string;
}

/** One bulk read of the host: every domain, owned and foreign, networks, capacity, the image store and host operations. */
export interface Inventory {
  readonly host: HostFacts;
  readonly domains: readonly Domain[];
  readonly networks: readonly HostNetwork[];
  readonly images: readonly StoredImage[];
  readonly operations: readonly HostOperation[];
  /** Machine folders in the images folder, by machine name, whether or not a domain uses them. */
  readonly folders: readonly MachineFolder[];
  /** State disks of deleted machines; absent: none. One whose mark cannot be read is not told. */
  readonly retained?: readonly RetainedDisk[];
}

/** A state disk that was kept when its machine was deleted. */
export interface RetainedDisk {
  /** `<UUID>-<time>`: its folder below `retained/`. */
  readonly name: string;
  /** Of the domain that used it. */
  readonly uuid: string;
  readonly machine: string;
  readonly atMs: number;
  /** As the domain bore it at its end. */
  readonly mark: Mark;
}

export interface HostFacts {
  readonly cpus: number;
  readonly memoryMiB: number;
  /** Free space where images live, MiB. */
  readonly freeDiskMiB: number;
  readonly arch: string;
  /** `kvm` only where it truly serves. */
  readonly acceleration: 'kvm' | 'emulation';
  /** Why there is no KVM, for people; empty with KVM. */
  readonly accelerationReason: string;
  readonly hypervisorVersion: string;
}

export type DomainState = 'running' | 'paused' | 'shutdown' | 'shut off' | 'crashed' | 'pmsuspended' | 'unknown';

export interface Domain {
  readonly name: string;
  readonly uuid: string;
  /** `null`: no mark of ours (foreign). `unreadable`: an element in our namespace that is not a mark. */
  readonly mark: Mark | null | 'unreadable';
  readonly state: DomainState;
  /** libvirt's reason: `booted`, `destroyed`, `I/O error`, `crashed`… */
  readonly stateReason: string;
  readonly persistent: boolean;
  readonly autostart: boolean;
  readonly managedSave: boolean;
  /** Guest-agent channel of the live definition. */
  readonly agent: 'connected' | 'disconnected' | 'absent';
  /** The definition in force; `null` while not running. */
  readonly live: DomainShape | null;
  /** The definition of the next boot. */
  readonly next: DomainShape;
  /** Why libvirt does not describe it now, where it never has since we ask: only name, UUID and state are known. Absent: it does. */
  readonly unread?: string;
}

/** The fields of a definition that are compared; libvirt rewrites the rest as it likes. */
export interface DomainShape {
  readonly cpus: number;
  readonly maxCpus: number;
  readonly memoryMiB: number;
  readonly machineType: string;
  readonly acceleration: 'kvm' | 'emulation';
  readonly disks: readonly { readonly target: string; readonly path: string; readonly serial: string | null }[];
  readonly interfaces: readonly {
    readonly mac: string;
    readonly kind: 'network' | 'bridge' | 'other';
    readonly source: string;
  }[];
}

export interface HostNetwork {
  readonly kind: 'network' | 'bridge';
  readonly name: string;
  readonly active: boolean;
  /** Of a libvirt network with DHCP, first IPv4 range. */
  readonly dhcp: {
    readonly start: string;
    readonly end: string;
    readonly gateway: string;
    readonly prefix: number;
  } | null;
  /** `ip-dhcp-host` entries. */
  readonly reservations: readonly { readonly mac: string; readonly address: string; readonly name: string | null }[];
}

export interface StoredImage {
  readonly digest: string;
  readonly path: string;
  readonly format: 'qcow2' | 'raw';
  readonly virtualSizeMiB: number;
}

/** Something long that runs on the host: a download, a copy out of a guest. */
export interface HostOperation {
  readonly id: string;
  readonly state: 'running' | 'succeeded' | 'failed';
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  /** 0 to 1, or `null` when unknown. */
  readonly progress: number | null;
  readonly message: string;
}

export interface MachineFolder {
  readonly machine: string;
  /** Generations whose root disk was ever started; one that was only prepared does not count and is made anew. */
  readonly generations: readonly number[];
  readonly hasStateDisk: boolean;
  /** Copies of the state disk, one for each generation that was about to be left; none is the same as absent. */
  readonly copies?: readonly StateCopy[];
  /** Space that the root disk in use and the state disk take now, MiB; absent or `null`: not known. */
  readonly useMiB?: { readonly root: number | null; readonly state: number | null };
  /** A state disk that `restoreState` set aside stands here: going back has begun, or ended, and the failed state is not dropped yet. */
  readonly isSetAside?: boolean;
  /** For which machine it was made, as long as that has no domain; absent: not known (also in folders of earlier releases), or it has one. */
  readonly unmade?: { readonly owner: string; readonly uuid: string };
}

/** A copy of the state disk, made while the machine was off. */
export interface StateCopy {
  /** The generation that ran last before the copy was made. */
  readonly generation: number;
  /** The state disk has not been written since: going on from here loses nothing. */
  readonly isCurrent: boolean;
}

/** What the state folder holds beside the ledger: what a person decided and what was published. */
export interface Records {
  /** Objects that were ever applied from git and not yet deleted; `lost` when the file is missing or unreadable. */
  readonly applied: readonly string[] | 'lost';
  /** `agent`, `Cluster/x`, `Machine/x` or `Node/x` → why and since when. */
  readonly suspensions: Readonly<Record<string, { readonly reason: string; readonly atMs: number }>>;
  readonly confirmations: readonly Confirmation[];
  /** Objects that were deleted, with the revision that asked for it. */
  readonly deleted: readonly { readonly object: string; readonly revision: string }[];
  /** Kubeconfigs in the drop directory: what they were made from. */
  readonly kubeconfigs: readonly { readonly cluster: string; readonly guestDigest: string; readonly server: string }[];
  readonly backups: readonly Backup[];
  /** Quarantines that a person lifted: object key, the revision it was shown with, and when. */
  readonly retries?: readonly { readonly object: string; readonly revision: string; readonly atMs: number }[];
  /** Backups that a person asked for, one a cluster, newest request. One that was made since stays here and asks for nothing. */
  readonly backupRequests?: readonly BackupRequest[];
  /** At most one a cluster. */
  readonly restorations?: readonly Restoration[];
  /** At most one an object. */
  readonly adoptions?: readonly Adoption[];
}

/** What a person confirmed: the object's key, the revision it was shown with, and what is allowed. */
export interface Confirmation {
  readonly object: string;
  readonly revision: string;
  /** Absent where an older release wrote it: anything that asks for a person. */
  readonly allows?: ConfirmedAct;
}

/** A deletion, a new root disk for a machine without a state disk, or a blank cluster in place of a lost one. */
export type ConfirmedAct = 'delete' | 'recreate' | 'begin-anew';

/** A retained state disk that a person wants back under its machine. Ends when the machine stands on it. */
export interface Adoption {
  /** `Cluster/x` or `Machine/x`. */
  readonly object: string;
  readonly machine: string;
  /** Name of the retained disk. */
  readonly retained: string;
  readonly atMs: number;
  /** Whether a machine that is there is removed for it, its own state disk retained. */
  readonly replace: boolean;
  /** What the machine was when it was deleted; `null`: it had none. */
  readonly version: string | null;
  readonly address: string | null;
  readonly stateDiskMiB: number | null;
}

/** A lost cluster that a person wants back from a backup. Ends when it is back; so what is lost again later is a new decision. */
export interface Restoration {
  readonly cluster: string;
  /** Its only control plane. */
  readonly machine: string;
  /** Id of the backup. */
  readonly backup: string;
  readonly atMs: number;
  /** Whether a machine that is there is removed for it, its state disk set aside. */
  readonly replace: boolean;
}

export interface BackupRequest {
  readonly cluster: string;
  readonly atMs: number;
}

/** How many backups of a cluster are kept, and the versions whose latest backup is kept beyond that. */
export interface Retention {
  readonly keep: number;
  readonly versions: readonly string[];
}

export type BackupReason = 'schedule' | 'request' | 'disruption';

export interface Backup {
  readonly id: string;
  readonly cluster: string;
  readonly machine: string;
  readonly atMs: number;
  readonly version: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Opened and checked after it arrived on the host. */
  readonly verified: boolean;
  /** UID of the kube-system namespace it was taken from; absent where an older release took it. */
  readonly clusterUid?: string;
  /** What a restoration needs beside the bytes; absent where an older release took it. */
  readonly distribution?: string;
  /** Address of its machine: certificates name it. */
  readonly address?: string;
  /** `sha256:<hex>` of the spec that was applied to its machine. */
  readonly specDigest?: string;
  readonly why?: BackupReason;
  /** When it was here and checked, by the host's clock: how long a backup takes. */
  readonly arrivedAtMs?: number;
}
