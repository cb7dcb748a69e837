import semver from 'semver';
import { DEFAULTS } from '../../model/defaults.ts';
import { overlaps, parseCidr } from '../../model/ipv4.ts';
import type { ClusterSpec, DistributionName } from '../../model/manifest.ts';
import { isRepositoryPath } from '../fields/path.ts';
import { webUrl } from '../fields/url.ts';
import { type Draft, duplicates, type Finding, type Path } from '../kind.ts';

type ClusterDraft = Draft<ClusterSpec>;

/** How each distribution writes its versions; release candidates included. */
const versionForms: Readonly<Record<DistributionName, { readonly pattern: RegExp; readonly example: string }>> = {
  k3s: { pattern: /^v1\.\d{1,3}\.\d{1,3}(?:-rc\d{1,2})?\+k3s\d{1,2}$/, example: 'v1.36.4+k3s1' },
  kubeadm: { pattern: /^v1\.\d{1,3}\.\d{1,3}(?:-(?:alpha|beta|rc)\.\d{1,2})?$/, example: 'v1.36.1' },
};

/** What the fields of a cluster must be to each other. */
export function clusterRules(spec: ClusterDraft): readonly Finding[] {
  return [
    ...version(spec, spec.version, ['spec', 'version']),
    ...versionChain(spec),
    ...pools(spec),
    ...addresses(spec),
    ...severalControlPlanes(spec),
    ...cniManifest(spec),
    ...cidrs(spec),
    ...duplicates(
      spec.registries,
      (i) => ['spec', 'registries', i, 'host'],
      (entry) => entry?.host,
      'registry',
    ),
    ...duplicates(
      spec.keepPaths,
      (i) => ['spec', 'keepPaths', i],
      (path) => path,
      'path',
    ),
    ...unstorable(spec.config, ['spec', 'config']),
  ];
}

function version({ distribution }: ClusterDraft, version: string | undefined, path: Path): readonly Finding[] {
  if (distribution === undefined || version === undefined) return [];
  const { pattern, example } = versionForms[distribution];
  if (pattern.test(version)) return [];
  return [
    {
      path,
      message: `${path.join('.')} is "${version}", which is not how ${distribution} writes a version`,
      allowed: `a version such as ${example}`,
      hint: pattern.test(`v${version}`) ? `Write v${version}.` : `Take the name of a release of ${distribution}.`,
      related: ['spec', 'distribution'],
    },
  ];
}

/** Each version of the chain is of the distribution's form and higher than the one before it, the cluster's own version last. */
function versionChain(spec: ClusterDraft): readonly Finding[] {
  const chain = [...(spec.upgrade?.versions ?? []), spec.version];
  const formed = chain.slice(0, -1).flatMap((entry, i) => version(spec, entry, ['spec', 'upgrade', 'versions', i]));
  if (formed.length > 0) return formed;
  return chain.slice(0, -1).flatMap((entry, i) => {
    const next = chain[i + 1];
    if (!entry || !next || !isRelease(entry) || !isRelease(next) || semver.compareBuild(entry, next) < 0) return [];
    return [
      {
        path: ['spec', 'upgrade', 'versions', i],
        message: `${entry} is not older than ${next}, which comes after it`,
        allowed: 'versions in rising order, each older than spec.version',
        hint: 'Remove it, or put the versions in order.',
      },
    ];
  });
}

function isRelease(text: string): boolean {
  return semver.valid(text) !== null;
}

function pools({ workers }: ClusterDraft): readonly Finding[] {
  const place = (index: number) => ['spec', 'workers', index, 'name'];
  const taken = (workers ?? []).flatMap((pool, index) => (pool?.name === 'cp' ? [index] : []));
  return [
    ...taken.map((index) => ({
      path: place(index),
      message: 'a pool is named "cp", as the control planes are',
      allowed: 'any other name',
      hint: 'Call the pool "general", for example.',
    })),
    ...duplicates(workers, place, (pool) => pool?.name, 'pool'),
  ];
}

function addresses({ controlPlane }: ClusterDraft): readonly Finding[] {
  const list = controlPlane?.addresses;
  if (!list) return [];
  const replicas = controlPlane?.replicas ?? 1;
  const path = ['spec', 'controlPlane', 'addresses'];
  const twice = duplicates(
    list,
    (i) => [...path, i],
    (address) => address,
    'address',
  );
  if (list.length === replicas) return twice;
  const message = `${path.join('.')} has ${list.length} addresses for ${replicas} control plane${replicas === 1 ? '' : 's'}`;
  return [
    ...twice,
    {
      path,
      message,
      allowed: 'one address for each replica',
      hint: 'Remove what is too much, or add what is missing.',
      absent: [['spec', 'controlPlane', 'replicas']],
    },
  ];
}

/** Clients of several control planes need one place that leads to all: nobody can say later which one it was. */
function severalControlPlanes({ controlPlane, endpoint }: ClusterDraft): readonly Finding[] {
  const replicas = controlPlane?.replicas ?? 1;
  if (replicas === 1 || endpoint !== undefined) return [];
  return [
    {
      path: ['spec', 'controlPlane', 'replicas'],
      message: `spec.endpoint is missing, and there are ${replicas} control planes`,
      allowed: 'a DNS name or the address of a load balancer that leads to all control planes, at port 6443',
      hint: 'Set spec.endpoint. A cluster that was made without one keeps the name that it was made with: make another one.',
      absent: [['spec', 'endpoint']],
    },
  ];
}

function cniManifest({ cni }: ClusterDraft): readonly Finding[] {
  if (cni?.plugin === undefined) return [];
  const path = ['spec', 'cni', 'manifest'];
  if (cni.plugin !== 'manifest') {
    if (cni.manifest === undefined) return [];
    const message = `spec.cni.manifest has no meaning with plugin "${cni.plugin}"`;
    return [
      { path, message, allowed: 'manifest only with plugin "manifest"', hint: 'Remove it, or set `plugin: manifest`.' },
    ];
  }
  const allowed = 'an http or https URL, or a path below the manifest folder';
  if (cni.manifest === undefined) {
    return [
      {
        path: ['spec', 'cni'],
        message: 'spec.cni.manifest is missing',
        allowed,
        hint: 'Say which manifest installs the pod network.',
        absent: [path],
      },
    ];
  }
  if (isRepositoryPath(cni.manifest) || webUrl.safeParse(cni.manifest).success) return [];
  const message = 'spec.cni.manifest is neither a URL nor a path that stays inside the manifest folder';
  return [{ path, message, allowed, hint: 'Write it without "..", spaces or quotes, and without "/" in front.' }];
}

function cidrs(spec: ClusterDraft): readonly Finding[] {
  const { podCIDR = DEFAULTS.podCIDR, serviceCIDR = DEFAULTS.serviceCIDR } = spec;
  const pods = parseCidr(podCIDR);
  const services = parseCidr(serviceCIDR);
  if (!pods || !services || !overlaps(pods, services)) return [];
  return [
    {
      path: ['spec', spec.serviceCIDR === undefined ? 'podCIDR' : 'serviceCIDR'],
      message: `spec.serviceCIDR ${serviceCIDR} and spec.podCIDR ${podCIDR} share addresses`,
      allowed: 'two subnets without a common address',
      hint: 'Choose another subnet for one of the two.',
      absent: [
        ['spec', 'podCIDR'],
        ['spec', 'serviceCIDR'],
      ],
    },
  ];
}

/** Numbers that JSON cannot hold would read as a difference for ever: the mark keeps the configuration as JSON. */
function unstorable(value: unknown, path: readonly (string | number)[]): Finding[] {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return [
      {
        path,
        message: `${path.join('.')} is not a finite number`,
        allowed: 'a finite number',
        hint: 'Put it in quotes if it is meant as text.',
      },
    ];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    unstorable(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}
