import { DEFAULTS } from '../../model/defaults.ts';
import type { Deadlines, DesiredImage, DesiredWindow } from '../../model/desired.ts';
import { KreError } from '../../model/error.ts';
import type { Kind, Manifest, ManifestSet, NetworkSpec, Timeouts, Window } from '../../model/manifest.ts';
import { parseDurationMs } from '../../model/quantity.ts';
import type { ImageRef, NetworkRef } from '../../model/spec.ts';

const DEFAULT_DEADLINES: Deadlines = {
  bootMs: 600_000,
  readyMs: 900_000,
  upgradeMs: 900_000,
  drainMs: 300_000,
  shutdownMs: 120_000,
};
const DEFAULT_NETWORK: NetworkSpec = { libvirtNetwork: 'default' };

/** Finds manifests by kind and name. References were checked when they were loaded, so a miss is a defect. */
export interface Lookup {
  get<K extends Kind>(kind: K, name: string): Extract<Manifest, { kind: K }>;
  network(name: string): NetworkRef;
  image(name: string): DesiredImage;
}

export function lookupIn(set: ManifestSet): Lookup {
  const byKey = new Map(set.manifests.map((manifest) => [`${manifest.kind}/${manifest.metadata.name}`, manifest]));
  const get: Lookup['get'] = (kind, name) => {
    const found = byKey.get(`${kind}/${name}`);
    if (found?.kind !== kind) throw missing(kind, name);
    return found as never;
  };
  return {
    get,
    network: (name) =>
      networkRef(
        name,
        byKey.has(`Network/${name}`) || name !== 'default' ? get('Network', name).spec : DEFAULT_NETWORK,
      ),
    image: (name) => desiredImage(name, get('Image', name).spec),
  };
}

function missing(kind: Kind, name: string): KreError {
  return new KreError({
    code: 'ManifestReference',
    message: `${kind} ${name} is not in the manifests`,
    hint: 'Add it, or correct the name.',
    disposition: 'stalled',
  });
}

function networkRef(name: string, spec: NetworkSpec): NetworkRef {
  const attach =
    spec.bridge === undefined
      ? { kind: 'network' as const, name: spec.libvirtNetwork ?? 'default' }
      : { kind: 'bridge' as const, name: spec.bridge };
  const addressing =
    spec.subnet === undefined
      ? null
      : { subnet: spec.subnet, range: spec.range ?? null, gateway: spec.gateway ?? null, dns: spec.dns ?? [] };
  return { name, attach, addressing };
}

function desiredImage(name: string, spec: Extract<Manifest, { kind: 'Image' }>['spec']): DesiredImage {
  return {
    name,
    digest: spec.checksum.toLowerCase(),
    os: spec.os,
    version: spec.version,
    arch: spec.arch ?? 'x86_64',
    format: spec.format ?? 'qcow2',
    urls: [spec.url, ...(spec.mirrors ?? [])],
  };
}

/** The part of a DesiredImage that belongs into an applied spec. */
export function imageRef(image: DesiredImage): ImageRef {
  return { digest: image.digest, os: image.os, version: image.version, arch: image.arch, format: image.format };
}

/** A duration of a manifest in ms, or what counts where it is left out. */
export function durationMs(duration: string | undefined, fallbackMs: number): number {
  return duration === undefined ? fallbackMs : (parseDurationMs(duration) ?? fallbackMs);
}

/** Deadlines with defaults filled in. */
export function deadlines(timeouts: Timeouts | undefined): Deadlines {
  return {
    bootMs: durationMs(timeouts?.boot, DEFAULT_DEADLINES.bootMs),
    readyMs: durationMs(timeouts?.ready, DEFAULT_DEADLINES.readyMs),
    upgradeMs: durationMs(timeouts?.upgrade, DEFAULT_DEADLINES.upgradeMs),
    drainMs: durationMs(timeouts?.drain, DEFAULT_DEADLINES.drainMs),
    shutdownMs: durationMs(timeouts?.shutdown, DEFAULT_DEADLINES.shutdownMs),
  };
}

/** A window with its defaults filled in. */
export function desiredWindow({ kind, schedule, duration, timeZone, overrun }: Window): DesiredWindow {
  return {
    kind,
    schedule,
    duration,
    durationMs: durationMs(duration, 0),
    timeZone: timeZone ?? DEFAULTS.timeZone,
    overrunMs: durationMs(overrun, 0),
  };
}
