import semver from 'semver';
import type { GuardName } from '../../model/plan.ts';

/** Why a version change is forbidden for ever; both guards cannot be skipped. `null`: it may go on. */
export interface VersionProblem {
  readonly guard: Extract<GuardName, 'NoDowngrade' | 'VersionSkew'>;
  readonly reason: string;
  readonly wayOut: string;
}

/** Whether a version is older than another; `false` where they cannot be compared. */
export function isOlder(version: string, than: string): boolean {
  const [one, other] = [semver.parse(version), semver.parse(than)];
  return one !== null && other !== null && semver.compareBuild(one, other) < 0;
}

/** Judges the step from the observed to the desired version of one node: never down, not more than `mostMinors` minors at once. */
export function versionProblem(observed: string, desired: string, mostMinors: number): VersionProblem | null {
  const from = semver.parse(observed);
  const to = semver.parse(desired);
  if (!from || !to) {
    return {
      guard: 'VersionSkew',
      reason: `${observed} and ${desired} cannot be compared`,
      wayOut: 'Write the version as the distribution does.',
    };
  }
  if (semver.compareBuild(from, to) > 0) {
    return {
      guard: 'NoDowngrade',
      reason: `${observed} runs and ${desired} is older; Kubernetes is never downgraded`,
      wayOut: `Ask for ${observed} or newer; going back takes a backup and a restore.`,
    };
  }
  if (to.major !== from.major || to.minor - from.minor > mostMinors) {
    return {
      guard: 'VersionSkew',
      reason: `${observed} to ${desired} skips a minor`,
      wayOut: `Commit a v${from.major}.${from.minor + mostMinors} first and let it converge, or name the versions on the way in spec.upgrade.versions.`,
    };
  }
  return null;
}

/** Whether a control plane at the desired version would leave one of its workers further behind than a kubelet may be. */
export function workerSkewProblem(
  workers: readonly { readonly name: string; readonly version: string }[],
  desired: string,
  mostMinors: number,
): VersionProblem | null {
  const to = semver.parse(desired);
  const left = workers.find((worker) => {
    const from = semver.parse(worker.version);
    return to && from && (to.major !== from.major || to.minor - from.minor > mostMinors);
  });
  if (!left) return null;
  return {
    guard: 'VersionSkew',
    reason: `${left.name} runs ${left.version}, too old for a control plane of ${desired}`,
    wayOut: `Bring ${left.name} to the version of its control plane first, or take it out of the cluster.`,
  };
}
