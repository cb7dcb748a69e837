/** Documents that tests compose, each valid by itself; and shorthands to load them. */
import { type LoadResult, loadManifests } from '../../src/manifest/load.ts';
import type { ManifestSet } from '../../src/model/manifest.ts';
import { type Problem, problemText } from '../../src/model/problem.ts';

const header = 'apiVersion: kreconcile.dev/v1alpha1';

export const image = document('Image', 'debian-13', [
  'os: debian',
  'version: "13"',
  'url: https://images.example/debian-13.qcow2',
  `checksum: sha512:${'ab'.repeat(64)}`,
]);

export const machineClass = document('MachineClass', 'small', ['cpus: 2', 'memory: 4Gi', 'disk: 40Gi']);

/** A document of a kind, its spec as lines. */
export function document(kind: string, name: string, spec: readonly string[]): string {
  return [header, `kind: ${kind}`, `metadata: {name: ${name}}`, 'spec:', ...spec.map((line) => `  ${line}`), ''].join(
    '\n',
  );
}

/** A valid cluster; further lines are added to its spec. */
export function cluster(name: string, ...spec: readonly string[]): string {
  const given = (field: string) => spec.some((line) => line.startsWith(`${field}:`));
  const defaults = [
    'distribution: k3s',
    'version: v1.36.4+k3s1',
    'image: debian-13',
    'controlPlane: {machineClass: small}',
  ];
  return document('Cluster', name, [...defaults.filter((line) => !given(line.split(':')[0] ?? '')), ...spec]);
}

/** A valid Machine; further lines are added to its spec. */
export function machine(name: string, ...spec: readonly string[]): string {
  return document('Machine', name, ['image: debian-13', 'machineClass: small', ...spec]);
}

/** Loads documents as one file `a.yaml`. */
export function load(...documents: readonly string[]): LoadResult {
  return loadFiles({ 'a.yaml': documents.join('---\n') });
}

export function loadFiles(files: Readonly<Record<string, string | Uint8Array>>): LoadResult {
  return loadManifests({
    revision: 'r1',
    files: Object.entries(files).map(([path, content]) => ({ path, content })),
  });
}

/** The set of a result that must be valid; fails with the problems' own words. */
export function setOf(result: LoadResult): ManifestSet {
  if (!result.ok) throw new Error(result.problems.map(problemText).join('\n'));
  return result.set;
}

/** The problems of a result that must be invalid. */
export function problemsOf(result: LoadResult): readonly Problem[] {
  if (result.ok) throw new Error('the manifests are valid');
  return result.problems;
}

/** The one problem of a result. */
export function onlyProblem(result: LoadResult): Problem {
  const [problem, ...others] = problemsOf(result);
  if (!problem || others.length > 0) throw new Error(problemsOf(result).map(problemText).join('\n'));
  return problem;
}
