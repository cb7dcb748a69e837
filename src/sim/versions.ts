import semver from 'semver';

/** Whether a text is a version as distributions write them: `v1.36.1`, `v1.36.4+k3s1`. */
export function isVersion(text: string): boolean {
  return text.startsWith('v') && semver.parse(text) !== null;
}

/** Like a sort function; counts the build (`+k3s2` is newer than `+k3s1`). */
export function compareVersions(a: string, b: string): number {
  return semver.compareBuild(a, b);
}

/** Minors from one version to another; negative backwards. */
export function minorsBetween(from: string, to: string): number {
  const [a, b] = [semver.parse(from), semver.parse(to)];
  return a && b ? (b.major - a.major) * 1000 + b.minor - a.minor : 0;
}
