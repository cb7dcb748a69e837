import type { DeletionPolicy } from './manifest.ts';
import type { Mark, ObjectRef } from './mark.ts';
import type { BackupReason } from './observed.ts';

/** One field that differs, as a JSON pointer into the applied spec. */
export interface FieldChange {
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** What steps, waits and blocks are about. */
export interface Target {
  readonly kind: 'Image' | 'Network' | 'Machine' | 'Cluster' | 'Host';
  readonly name: string;
}

/** Inert data that tells what would happen and why. Needs name steps and waits of the same plan and stand before. */
export interface Plan {
  readonly revision: string;
  readonly atMs: number;
  readonly steps: readonly Step[];
  readonly waits: readonly Wait[];
  readonly blocks: readonly Block[];
  /** Things a person should know that ask for nothing: emulation in use, an object of another host. */
  readonly notes: readonly Note[];
  /** By machine: when its latest healthy reading was taken; `null`: read and not healthy. `remember` counts them. */
  readonly health: Readonly<Record<string, number | null>>;
  /** What follows `steps` where versions on the way are listed, in order; absent: nothing. */
  readonly legs?: readonly Leg[];
  /** When to look again if nothing happens, ms since epoch; `null`: only on a trigger. */
  readonly lookAgainAtMs: number | null;
}

/**
 * The way of a cluster from one listed version to the next. It is told as it would be planned if the way there ended well and nothing else happened; when
 * its turn comes it is planned anew, and only then guards judge the moment and steps are begun. Ids are those that they have then. What comes first in it
 * needs the wait `cluster/<name>/next-version` of the part before.
 */
export interface Leg {
  readonly cluster: string;
  readonly from: string;
  readonly version: string;
  readonly steps: readonly Step[];
  readonly waits: readonly Wait[];
  /** What is known now that would forbid it then, such as a quarantine of its version. */
  readonly blocks: readonly Block[];
}

export interface Step {
  /** Stable and readable: `machine/dev-cp-1/define`. */
  readonly id: string;
  readonly target: Target;
  readonly object: ObjectRef | null;
  /** For people: `create dev-cp-1 from debian-13`. */
  readonly title: string;
  readonly reason: string;
  readonly changes: readonly FieldChange[];
  readonly needs: readonly string[];
  /** Deletes or replaces a disk or domain. */
  readonly destructive: boolean;
  /** Takes a node away for a while. */
  readonly disruptive: boolean;
  /** The object's own fields that were unknown when planned; always empty on destructive and disruptive steps. */
  readonly unknown: readonly string[];
  readonly action: Action;
}

export interface Wait {
  readonly id: string;
  readonly target: Target;
  readonly object: ObjectRef | null;
  /** The condition in words: `guest agent of dev-cp-1 answers`. */
  readonly condition: string;
  readonly sinceMs: number;
  /** How long it may take once its needs are done, ms; `null`: for ever. */
  readonly timeoutMs: number | null;
  /** Deadline, ms since epoch; `null`: none, or not begun. Past it the wait has failed and says so. */
  readonly untilMs: number | null;
  readonly overdue: boolean;
  /** What is known of the progress now. */
  readonly detail: string;
  readonly needs: readonly string[];
  /** Ask the guest or the host again after this time, ms. */
  readonly pollMs: number;
  /** The guest whose reading ends the wait, if any. */
  readonly guest: string | null;
}

export type GuardName =
  | 'HostCapacity'
  | 'ImageReady'
  | 'NetworkReady'
  | 'GuestAgentConnected'
  | 'ControlPlaneStable'
  | 'Quorum'
  | 'VersionSkew'
  | 'NoDowngrade'
  | 'BackupFresh'
  | 'LocalData'
  | 'WindowOpen'
  | 'Conflict'
  | 'PruneLimit'
  | 'PruneConfirm'
  | 'PruneDisabled'
  | 'AppliedListLost'
  | 'EmptyDesired'
  | 'Suspended'
  | 'RecreateNeeded'
  | 'Immutable'
  | 'Emulation'
  | 'StateDisk'
  | 'DeadlinePassed'
  | 'DomainUnread'
  | 'OperationFailed'
  | 'RolloutHalted'
  | 'ManagedSave'
  | 'Paused'
  | 'Quarantined'
  | 'RecreateConfirm'
  | 'Blocker'
  | 'ClusterLost'
  | 'Restore'
  | 'RemediationHeld'
  | 'HypervisorUnreachable';

/** Something that a guard forbids now. `wayOut` is what a person can do. */
export interface Block {
  readonly id: string;
  readonly target: Target;
  readonly object: ObjectRef | null;
  readonly guard: GuardName;
  readonly reason: string;
  readonly wayOut: string;
  readonly changes: readonly FieldChange[];
}

export interface Note {
  readonly target: Target | null;
  readonly text: string;
}

/** Verbs of the in-guest program that are operations: started with an id, then observed. */
export type GuestVerb =
  | 'bootstrap'
  | 'join'
  | 'stage'
  | 'drain'
  | 'backup'
  | 'upgrade'
  | 'rollback'
  | 'restore'
  | 'survey'
  | 'renew-certificates'
  | 'restart';

/** The act of a step. Holds no secrets: what a step yields (an address, a token) is resolved at the act. */
export type Action =
  | { readonly kind: 'fetch-image'; readonly image: string }
  | {
      readonly kind: 'reserve-address';
      readonly machine: string;
      readonly network: string;
      readonly mac: string;
      readonly address: string;
    }
  | {
      readonly kind: 'release-address';
      readonly machine: string;
      readonly network: string;
      readonly mac: string;
      readonly address: string;
    }
  | { readonly kind: 'create'; readonly machine: string; readonly mark: Mark; readonly stateDiskNew: boolean }
  /** What was prepared for a machine that never got a domain. */
  | { readonly kind: 'discard-disks'; readonly machine: string; readonly uuid: string }
  /** `autostart`: it also starts with the host from then on; absent: that stays as it is. */
  | { readonly kind: 'start'; readonly machine: string; readonly autostart?: true }
  /** Copies the state disk as it was left by that generation. */
  | { readonly kind: 'copy-state'; readonly machine: string; readonly generation: number }
  /** A root disk of the mark's generation, and the domain defined on it; the state disk is kept, or new where there was none with data. */
  | { readonly kind: 'replace'; readonly machine: string; readonly mark: Mark; readonly stateDiskNew: boolean }
  /** The same disks under another definition. */
  | { readonly kind: 'redefine'; readonly machine: string; readonly mark: Mark }
  /** The root disk of the mark's generation again, with the state disk as it was when that generation was left (`restoresState`). */
  | { readonly kind: 'go-back'; readonly machine: string; readonly mark: Mark; readonly restoresState: boolean }
  /** Removes a root disk that is not used any more; `mark` is written afterwards, if given. */
  | {
      readonly kind: 'drop-generation';
      readonly machine: string;
      readonly generation: number;
      readonly mark: Mark | null;
    }
  | { readonly kind: 'shutdown'; readonly machine: string; readonly mode: 'agent' | 'acpi' }
  | { readonly kind: 'power-off'; readonly machine: string }
  /** Writes down that it is done, then presses the reset button. */
  | { readonly kind: 'reset'; readonly machine: string; readonly mark: Mark }
  /** Writes down that it is done, then restarts the node's main service by that operation. */
  | { readonly kind: 'restart-service'; readonly machine: string; readonly mark: Mark; readonly operation: string }
  | { readonly kind: 'resume-domain'; readonly machine: string }
  | { readonly kind: 'set-autostart'; readonly machine: string; readonly on: boolean }
  | {
      readonly kind: 'update-live';
      readonly machine: string;
      readonly cpus: number | null;
      readonly diskMiB: number | null;
      readonly stateDiskMiB: number | null;
      readonly mark: Mark;
    }
  | { readonly kind: 'write-mark'; readonly machine: string; readonly mark: Mark }
  | { readonly kind: 'settle'; readonly machine: string; readonly mark: Mark }
  | { readonly kind: 'install-program'; readonly machine: string }
  | {
      readonly kind: 'guest-operation';
      readonly machine: string;
      readonly verb: GuestVerb;
      readonly operation: string;
      readonly input: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'cordon'; readonly node: string; readonly via: string }
  | { readonly kind: 'uncordon'; readonly node: string; readonly via: string }
  /** Out of the datastore of its cluster; its machine goes on running. */
  | { readonly kind: 'remove-member'; readonly node: string; readonly via: string }
  | { readonly kind: 'remove-node'; readonly node: string; readonly via: string }
  | {
      readonly kind: 'fetch-backup';
      readonly cluster: string;
      readonly machine: string;
      readonly operation: string;
      readonly version: string;
      readonly why?: BackupReason;
    }
  | {
      readonly kind: 'publish-kubeconfig';
      readonly cluster: string;
      readonly machine: string;
      readonly server: string | null;
    }
  | {
      readonly kind: 'upload-backup';
      readonly cluster: string;
      readonly machine: string;
      readonly backup: string;
    }
  | { readonly kind: 'end-restoration'; readonly cluster: string }
  /** Moves a retained state disk back into its machine's folder. */
  | { readonly kind: 'adopt-retained'; readonly machine: string; readonly retained: string }
  | { readonly kind: 'end-adoption'; readonly object: string }
  | { readonly kind: 'remove-kubeconfig'; readonly cluster: string }
  | {
      readonly kind: 'delete-machine';
      readonly machine: string;
      readonly uuid: string;
      readonly stateDisk: DeletionPolicy;
    }
  | { readonly kind: 'forget'; readonly object: ObjectRef };

export type ActionKind = Action['kind'];

/** What became of a step in a pass. */
export type Outcome =
  | { readonly step: string; readonly state: 'started'; readonly atMs: number }
  | { readonly step: string; readonly state: 'done'; readonly atMs: number; readonly tookMs?: number }
  | {
      readonly step: string;
      readonly state: 'failed';
      readonly atMs: number;
      readonly code: string;
      readonly message: string;
      readonly hint: string;
      readonly tookMs?: number;
    };
