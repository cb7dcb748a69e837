import type { Desired, DesiredImage } from '../model/desired.ts';
import type { Manifest, ManifestSet } from '../model/manifest.ts';
import { objectKey } from '../model/mark.ts';
import { desiredCluster, type Recipes } from './desire/cluster.ts';
import { plainMachine } from './desire/machine.ts';
import { lookupIn } from './desire/resolve.ts';

/** What the agent's configuration adds to the manifests. */
export interface DesireOptions {
  readonly owner: string;
  readonly host: string;
  /** Whether objects without `placement.host` belong to this host. */
  readonly takeUnplaced: boolean;
  readonly emulationAllowed: boolean;
  readonly maxDeletes: number;
  /** Digest of this release's in-guest program by distribution; key `none` for plain machines. */
  readonly programs: Readonly<Record<string, string>>;
}

/**
 * Manifests of one revision → what this host should be: defaults filled in, references followed, every machine named.
 * Pure: the same manifests in any order give the same value. `set` must have passed validation.
 */
export function desire(set: ManifestSet, recipes: Recipes, options: DesireOptions): Desired {
  const lookup = lookupIn(set);
  const here = set.manifests.filter((manifest) => isPlacedHere(manifest, options)).sort(byName);
  const clusters = here.flatMap((manifest) =>
    manifest.kind === 'Cluster' ? [desiredCluster(options.owner, manifest, lookup, recipes, set.files)] : [],
  );
  const plain = here.flatMap((manifest) =>
    manifest.kind === 'Machine'
      ? [{ image: manifest.spec.image, machine: plainMachine(options.owner, manifest, lookup) }]
      : [],
  );
  const machines = [...clusters.flatMap((entry) => entry.machines), ...plain.map((entry) => entry.machine)].sort(
    byMachineName,
  );
  const imageNames = here.flatMap((manifest) =>
    manifest.kind === 'Cluster' || manifest.kind === 'Machine' ? [manifest.spec.image] : [],
  );
  const networks = new Map(machines.map(({ spec }) => [spec.network.name, spec.network]));
  return {
    revision: set.revision,
    owner: options.owner,
    documents: set.manifests.length,
    emulationAllowed: options.emulationAllowed,
    maxDeletes: options.maxDeletes,
    programs: Object.fromEntries(
      machines.map((machine) => [
        machine.name,
        options.programs[machine.spec.kubernetes?.distribution ?? 'none'] ?? '',
      ]),
    ),
    images: uniqueByDigest([...new Set(imageNames)].sort().map((name) => lookup.image(name))),
    networks: [...networks.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    clusters: clusters.map((entry) => entry.cluster),
    machines,
    ...notTaken(set, options),
  };
}

function notTaken(set: ManifestSet, options: DesireOptions): Pick<Desired, 'notTaken'> {
  const left = set.manifests
    .filter((manifest) => manifest.kind === 'Cluster' || manifest.kind === 'Machine')
    .filter((manifest) => !isPlacedHere(manifest, options))
    .map(({ kind, metadata, spec }) => ({ object: { kind, name: metadata.name }, host: spec.placement?.host }))
    .sort((a, b) => (objectKey(a.object) < objectKey(b.object) ? -1 : 1));
  if (left.length === 0) return {};
  const unplaced = left.flatMap(({ object, host }) => (host === undefined ? [object] : []));
  const elsewhere = left.flatMap(({ object, host }) => (host === undefined ? [] : [{ object, host }]));
  return { notTaken: { host: options.host, unplaced, elsewhere } };
}

function isPlacedHere(manifest: Manifest, options: DesireOptions): boolean {
  if (manifest.kind !== 'Cluster' && manifest.kind !== 'Machine') return false;
  const host = manifest.spec.placement?.host;
  return host === undefined ? options.takeUnplaced : host === options.host;
}

function byName(a: Manifest, b: Manifest): number {
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

function byMachineName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}

/** Two Image objects may name the same bytes: they are one file in the store. */
function uniqueByDigest(images: readonly DesiredImage[]): readonly DesiredImage[] {
  const byDigest = new Map<string, DesiredImage>();
  for (const image of images) {
    const known = byDigest.get(image.digest);
    byDigest.set(image.digest, known ? { ...known, urls: [...new Set([...known.urls, ...image.urls])] } : image);
  }
  return [...byDigest.values()];
}
