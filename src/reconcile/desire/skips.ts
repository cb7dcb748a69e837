import { createHash } from 'node:crypto';
import { type SkipPolicy, SPEC_DIGEST_LENGTH, skipPolicy } from '../../model/guard.ts';
import type { ClusterManifest, MachineManifest } from '../../model/manifest.ts';
import type { Lookup } from './resolve.ts';

/**
 * What the annotations of a Cluster or Machine skip. The digest is of the spec as the manifests write it, with the image, the sizes and the network
 * that it refers to: it is the same in every release, and a skip that was given for one change never counts for the next.
 */
export function skipsOf(manifest: ClusterManifest | MachineManifest, lookup: Lookup): SkipPolicy {
  const { spec, metadata } = manifest;
  const { checksum } = lookup.get('Image', spec.image).spec;
  const classes = [...new Set(classNames(manifest))].sort();
  const digested = {
    spec,
    image: checksum,
    machineClasses: classes.map((name) => [name, lookup.get('MachineClass', name).spec]),
    network: lookup.network(spec.network ?? 'default'),
  };
  const digest = createHash('sha256')
    .update(JSON.stringify(inOrder(digested)))
    .digest('hex');
  return skipPolicy(metadata.annotations, digest.slice(0, SPEC_DIGEST_LENGTH));
}

function classNames(manifest: ClusterManifest | MachineManifest): readonly string[] {
  if (manifest.kind === 'Machine') return [manifest.spec.machineClass];
  const { controlPlane, workers } = manifest.spec;
  return [controlPlane.machineClass, ...(workers ?? []).map((pool) => pool.machineClass)];
}

/** The order of keys says nothing. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, inOrder(inner)]));
}
