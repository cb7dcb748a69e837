import type { DeletionPolicy, PruneMode, RemedyAction } from './manifest.ts';
import type { AppliedSpec } from './spec.ts';

/** A Cluster or Machine of the manifests: what a person names, prunes, suspends and confirms. */
export interface ObjectRef {
  readonly kind: 'Cluster' | 'Machine';
  readonly name: string;
}

/** `Cluster/dev`: the key of an object in records, status and on the command line. */
export function objectKey(object: ObjectRef): string {
  return `${object.kind}/${object.name}`;
}

/**
 * What kreconcile keeps in the domain's own metadata element. It makes the domain ours, holds what was applied, and
 * carries the protection of a manifest that is gone. Written with the domain's definition and by `writeMark`.
 */
export interface Mark {
  readonly schema: 1;
  /** The agent configuration's owner: another owner's domain is foreign to us. */
  readonly owner: string;
  readonly object: ObjectRef;
  /** The node or machine name; equals the domain's name. */
  readonly machine: string;
  readonly spec: AppliedSpec;
  /** Address allotted to this machine (static, or reserved in the libvirt network); `null` where DHCP decides. */
  readonly address: string | null;
  /** The n-th root disk, from 1. */
  readonly generation: number;
  /** As `previous.generation`, for releases that know no `previous`. */
  readonly previousGeneration: number | null;
  /** The root disk that ran before and is kept, with what is needed to go back to it; absent or `null`: none. */
  readonly previous?: PreviousRoot | null;
  /** When this generation was seen healthy, ms since epoch; `null` before. Until then the seed still holds first-boot secrets. */
  readonly provenAtMs: number | null;
  /** The definition was changed and the machine has not been seen well since; absent: it has. */
  readonly isSettling?: boolean;
  /** What was applied before the definition that is on trial: it returns where that one fails; absent: nothing to go back to. */
  readonly formerSpec?: AppliedSpec;
  readonly quarantined: readonly Quarantine[];
  readonly prune: PruneMode;
  readonly deletionPolicy: DeletionPolicy;
  /** A control plane whose first boot waits to be joined to the cluster that another one made; absent: it makes the cluster. */
  readonly joins?: boolean;
  /** The restoration that this machine was made for; absent: none. */
  readonly restored?: { readonly backup: string; readonly atMs: number };
  /** The retained state disk that this machine was made for; absent: none. */
  readonly adopted?: { readonly retained: string; readonly atMs: number };
  /** What was done because the node was not healthy, oldest first, at most 10; absent: nothing. */
  readonly remedies?: readonly Remedy[];
  /** Revision that was applied last, for people. */
  readonly revision: string;
}

/** A root disk that was replaced and is kept until `keepFor` after the new one was proven. */
export interface PreviousRoot {
  readonly generation: number;
  /** What was applied while it ran: going back applies it again. */
  readonly spec: AppliedSpec;
  readonly provenAtMs: number | null;
}

/** Something done about a node that was not healthy. Written before it is done, so that none is done twice. */
export interface Remedy {
  readonly action: RemedyAction;
  readonly atMs: number;
  /** Root disk that it was about: a `recreate` is to be carried out as long as that one is in use. */
  readonly generation: number;
  readonly reason: string;
  /** When the node was seen well again; absent: the outage goes on. */
  readonly endedAtMs?: number;
}

export interface Quarantine {
  /** Digest of what failed: an image digest, `root:<sha256>` of first-boot settings with the image as it was, `definition:<sha256>`, or `version:<v>`. */
  readonly digest: string;
  readonly atMs: number;
  readonly reason: string;
  /** Of a version: when the node was seen well again at the version before; absent: it is still being taken back. */
  readonly endedAtMs?: number;
}
