import semver from 'semver';
import type { Recipe } from '../../model/desired.ts';
import type { GuardName } from '../../model/plan.ts';

/** Why a version change is forbidden for ever; both guards cannot be skipped. `null`: it may go on. */
export interface VersionProblem {
  readonly guard: Extract<GuardName, 'NoDowngrade' | 'VersionSkew'>;
  readonly reason: string;
  readonly wayOut: string;
}

/** Judges the step from the observed to the desired version of one node: never down, not more minors at once than the distribution allows. */
export function versionProblem(observed: string, desired: string, recipe: Recipe): VersionProblem | null {
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
  if (to.major !== from.major || to.minor - from.minor > recipe.maxMinorStep) {
    return {
      guard: 'VersionSkew',
      reason: `${observed} to ${desired} skips a minor`,
      wayOut: `Commit v${from.major}.${from.minor + recipe.maxMinorStep} first and let it converge.`,
    };
  }
  return null;
}
