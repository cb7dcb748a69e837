import semver from 'semver';
import type { DesiredCluster } from '../../model/desired.ts';
import type { Domain } from '../../model/observed.ts';
import type { Draft } from './draft.ts';

/**
 * The cluster as its next upgrade wants it: with `versions` on the way, `version` is the first of them that not every node has proven yet and that no
 * control plane has passed: nothing goes back to it, and workers follow their control planes. What comes after is planned when all have; until then
 * `versions` holds what is left.
 */
export function legOf(owner: string, cluster: DesiredCluster, domains: ReadonlyMap<string, Domain>): DesiredCluster {
  if (cluster.versions.length === 0) return cluster;
  const appliedOf = (names: readonly string[]) =>
    names.flatMap((name) => appliedVersion(owner, domains.get(name))).sort(semver.compareBuild);
  const lowest = appliedOf([...cluster.controlPlanes, ...cluster.workers])[0];
  const highest = appliedOf(cluster.controlPlanes).at(-1);
  const isPassed = (version: string) => highest !== undefined && semver.compareBuild(highest, version) > 0;
  const rest = cluster.versions.filter(
    (version) => lowest !== undefined && isBetween(lowest, version, cluster.version) && !isPassed(version),
  );
  const [version = cluster.version, ...versions] = rest;
  return { ...cluster, version, versions: version === cluster.version ? [] : [...versions, cluster.version] };
}

function appliedVersion(owner: string, domain: Domain | undefined): readonly string[] {
  const mark = domain?.mark;
  if (!mark || mark === 'unreadable' || mark.owner !== owner) return [];
  const version = mark.spec.kubernetes?.version;
  return version !== undefined && semver.valid(version) !== null ? [version] : [];
}

function isBetween(lowest: string, version: string, last: string): boolean {
  return semver.compareBuild(lowest, version) < 0 && semver.compareBuild(version, last) < 0;
}

/**
 * Says what comes after the leg that is planned: one wait, so that the road does not look as if it ended there. Where nothing leads to its end now,
 * because all of it is blocked, nothing is waited for. Returns the wait's id as needs.
 */
export function planNextLeg(cluster: DesiredCluster, needs: readonly string[], draft: Draft): readonly string[] {
  if (cluster.versions.length === 0) return [];
  if (needs.length === 0) {
    draft.note(
      `${cluster.name} goes to ${[cluster.version, ...cluster.versions].join(', then ')} when nothing blocks it`,
    );
    return [];
  }
  return draft.wait({
    id: `cluster/${cluster.name}/next-version`,
    condition: `every node of ${cluster.name} is proven at ${cluster.version}; then ${cluster.versions.join(', then ')}`,
    needs,
  });
}
