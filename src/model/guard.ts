import type { GuardName } from './plan.ts';

/**
 * How a person may lift a guard that forbids something: by an annotation for one object and one spec, by `kreconcile confirm`, or not at all
 * (then only what it says must change).
 */
export type SkipWay = 'annotation' | 'confirm' | 'never';

/** Every guard and how it may be skipped. docs/operations.md has one row for each, and a test holds both equal. */
export const GUARDS: Readonly<Record<GuardName, SkipWay>> = {
  AppliedListLost: 'confirm',
  BackupFresh: 'annotation',
  Blocker: 'annotation',
  ClusterLost: 'confirm',
  Conflict: 'never',
  ControlPlaneStable: 'annotation',
  DeadlinePassed: 'never',
  DomainUnread: 'never',
  EmptyDesired: 'never',
  Emulation: 'never',
  GuestAgentConnected: 'annotation',
  HostCapacity: 'annotation',
  HypervisorUnreachable: 'never',
  ImageReady: 'annotation',
  Immutable: 'never',
  LocalData: 'annotation',
  ManagedSave: 'never',
  NetworkReady: 'never',
  NoDowngrade: 'never',
  OperationFailed: 'never',
  Paused: 'never',
  PruneConfirm: 'confirm',
  PruneDisabled: 'never',
  PruneLimit: 'confirm',
  Quarantined: 'never',
  Quorum: 'annotation',
  RecreateConfirm: 'confirm',
  RecreateNeeded: 'never',
  RemediationHeld: 'never',
  Restore: 'never',
  RolloutHalted: 'never',
  StateDisk: 'never',
  Suspended: 'never',
  VersionSkew: 'never',
  WindowOpen: 'annotation',
};

/** The guards that an annotation may name. */
export const SKIPPABLE_GUARDS: readonly GuardName[] = (Object.keys(GUARDS) as GuardName[]).filter(
  (guard) => GUARDS[guard] === 'annotation',
);

/** Annotation of a Cluster or Machine that skips guards: `WindowOpen=<digest>,BackupFresh=<digest>`. */
export const SKIP_ANNOTATION = 'kreconcile.dev/skip-guard';
/** Hex digits of a spec's digest in the annotation. */
export const SPEC_DIGEST_LENGTH = 12;

/** What the annotation of an object says, held against the object's spec of today. */
export interface SkipPolicy {
  /** First digits of the digest of the object's spec and of all that it refers to: another image is another spec. */
  readonly specDigest: string;
  /** Named with this spec's digest. */
  readonly skipped: readonly GuardName[];
  /** Named with another digest: they were skipped for an earlier spec and are not for this one. */
  readonly outdated: readonly GuardName[];
}

/** Guards and digests of an annotation; `null` where it is not written as it must be. */
export function parseSkips(annotation: string): readonly { guard: GuardName; digest: string }[] | null {
  const entries = annotation.split(',').map((entry) => /^([A-Za-z]+)=([0-9a-f]{12})$/.exec(entry.trim()));
  const skips: { guard: GuardName; digest: string }[] = [];
  for (const entry of entries) {
    const guard = SKIPPABLE_GUARDS.find((name) => name === entry?.[1]);
    if (guard === undefined || entry?.[2] === undefined) return null;
    skips.push({ guard, digest: entry[2] });
  }
  return skips;
}

/** What the annotations of an object say for a spec of that digest. */
export function skipPolicy(annotations: Readonly<Record<string, string>> | undefined, specDigest: string): SkipPolicy {
  const skips = parseSkips(annotations?.[SKIP_ANNOTATION] ?? '') ?? [];
  const skipped = skips.filter(({ digest }) => digest === specDigest).map(({ guard }) => guard);
  const outdated = skips.map(({ guard }) => guard).filter((guard) => !skipped.includes(guard));
  return { specDigest, skipped: [...new Set(skipped)].sort(), outdated: [...new Set(outdated)].sort() };
}

/** The whole annotation that skips a guard beside those that are skipped already, as it is put under `metadata.annotations`. */
export function skipAnnotation(policy: SkipPolicy, guard: GuardName): string {
  const guards = [...new Set([...policy.skipped, guard])].sort();
  return `${SKIP_ANNOTATION}: "${guards.map((name) => `${name}=${policy.specDigest}`).join(',')}"`;
}
