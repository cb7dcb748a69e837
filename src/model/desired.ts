import type { DriftPolicy } from './drift.ts';
import type { SkipPolicy } from './guard.ts';
import type {
  DeletionPolicy,
  DistributionName,
  PowerState,
  PruneMode,
  RemedyAction,
  UpgradeStrategy,
} from './manifest.ts';
import type { ObjectRef } from './mark.ts';
import type { AppliedSpec, ImageRef, NetworkRef } from './spec.ts';

/** Manifests of one revision, resolved: defaults filled in, references followed, every machine named. Lists sorted by name. */
export interface Desired {
  readonly revision: string;
  readonly owner: string;
  /** Documents in the revision; with none, nothing is ever deleted. */
  readonly documents: number;
  /** Whether machines may run without hardware virtualisation. */
  readonly emulationAllowed: boolean;
  /** Objects that one revision may delete without a person's confirmation. */
  readonly maxDeletes: number;
  /** By machine: digest of the in-guest program that this release installs there. */
  readonly programs: Readonly<Record<string, string>>;
  /** Only those that a machine uses. */
  readonly images: readonly DesiredImage[];
  readonly networks: readonly NetworkRef[];
  readonly clusters: readonly DesiredCluster[];
  readonly machines: readonly DesiredMachine[];
  /** What the revision asks of others, or of nobody; absent: nothing. */
  readonly notTaken?: NotTaken;
}

/** Clusters and machines of the revision that are not this host's. */
export interface NotTaken {
  /** This host's own name, as `placement.host` would give it. */
  readonly host: string;
  /** They name no host, and this agent takes only what is placed. */
  readonly unplaced: readonly ObjectRef[];
  readonly elsewhere: readonly { readonly object: ObjectRef; readonly host: string }[];
}

export interface DesiredImage extends ImageRef {
  /** Name of the Image object. */
  readonly name: string;
  /** The URL and then its mirrors, in order. */
  readonly urls: readonly string[];
}

/** How long each condition may take before it counts as failed. */
export interface Deadlines {
  readonly bootMs: number;
  readonly readyMs: number;
  readonly upgradeMs: number;
  readonly drainMs: number;
  readonly shutdownMs: number;
}

/** A window with its defaults. `duration` is as it was written, for people. */
export interface DesiredWindow {
  readonly kind: 'allow' | 'deny';
  readonly schedule: string;
  readonly duration: string;
  readonly durationMs: number;
  readonly timeZone: string;
  readonly overrunMs: number;
}

/** One virtual machine: a node of a cluster or a plain Machine. */
export interface DesiredMachine {
  readonly name: string;
  readonly object: ObjectRef;
  /** Deterministic (v5 of owner and name). */
  readonly uuid: string;
  /** Deterministic, 52:54:00:… */
  readonly mac: string;
  readonly spec: AppliedSpec;
  /** UUID of the state disk's filesystem and the serial the guest sees; `null` without a state disk. */
  readonly stateDisk: { readonly filesystemUuid: string; readonly serial: string } | null;
  /** Whether its address must stay over its life (control planes, and machines that ask for one). */
  readonly stableAddress: boolean;
  /** Text of the Machine's user-data; not in `spec` because of its length and what it may hold. */
  readonly userData: string | null;
  /** Ready only when the guest agent answers. */
  readonly needsGuestAgent: boolean;
  readonly powerState: PowerState;
  readonly suspended: boolean;
  readonly prune: PruneMode;
  readonly deletionPolicy: DeletionPolicy;
  readonly deadlines: Deadlines;
  readonly strategy: UpgradeStrategy;
  /** How long a replaced root disk and the copy of its state disk are kept after the new one was proven. */
  readonly keepForMs: number;
  /** Of its object; the calendar judges them. Empty: disruptions may begin at any time. */
  readonly windows: readonly DesiredWindow[];
  readonly drift: DriftPolicy;
  /** Guards that its object's annotation skips. */
  readonly skips: SkipPolicy;
}

export interface DesiredCluster {
  readonly name: string;
  readonly distribution: DistributionName;
  readonly version: string;
  readonly recipe: Recipe;
  /** Names of machines, in the order in which they are made and upgraded. */
  readonly controlPlanes: readonly string[];
  readonly workers: readonly string[];
  /** Published endpoint as the manifest gives it; `null`: the first control plane's address is published. */
  readonly endpoint: { readonly host: string; readonly port: number } | null;
  /** The name that guests resolve to the API server. */
  readonly endpointHost: string;
  readonly apiPort: number;
  readonly maxUnavailable: number;
  /** Versions on the way to `version`, lowest first, for a change that crosses more than one upgrade may. */
  readonly versions: readonly string[];
  readonly backup: BackupPolicy;
  /** What is done about nodes that are not healthy; `null`: nothing. */
  readonly remediation: RemediationPolicy | null;
  readonly suspended: boolean;
  readonly powerState: PowerState;
  readonly prune: PruneMode;
  readonly deadlines: Deadlines;
  /** Text of the CNI manifest where it is a file of the repository. */
  readonly cniManifest: string | null;
}

export interface BackupPolicy {
  readonly maxAgeMs: number;
  readonly keep: number;
  /** Five fields of cron, judged by the calendar; `null`: none is taken by the clock. */
  readonly schedule: string | null;
  readonly timeZone: string;
}

export interface RemediationPolicy {
  /** At least one, the mildest first. */
  readonly actions: readonly RemedyAction[];
  readonly afterMs: number;
  readonly pauseMs: number;
  /** Of the cluster's nodes, 1 to 100; one node is never too many. */
  readonly maxUnhealthyPercent: number;
  /** Actions on one node within 24 h. */
  readonly maxTries: number;
}

/** A distribution's rules for one cluster, as data: the planner reads this and never a distribution's name. */
export interface Recipe {
  readonly apiPort: number;
  readonly keepPaths: readonly string[];
  /** Minors that one upgrade may cross on a control plane. */
  readonly maxMinorStep: number;
  /** Minors that a worker may stay behind its control plane. */
  readonly maxWorkerSkew: number;
  /** What the datastore's backup is called in messages: `etcd snapshot`, `SQLite copy`. */
  readonly backupName: string;
  /** Whether a drain comes before the upgrade of a node, where pods have somewhere to go. */
  readonly drainsBeforeUpgrade: boolean;
  /** The distribution's own keys that control planes need where there are several; absent: none. */
  readonly configOfSeveral?: Readonly<Record<string, unknown>>;
}
