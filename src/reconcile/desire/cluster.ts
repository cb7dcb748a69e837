import { DEFAULTS } from '../../model/defaults.ts';
import type { DesiredCluster, DesiredMachine, Recipe, RemediationPolicy } from '../../model/desired.ts';
import type {
  ClusterManifest,
  ClusterSpec,
  DistributionName,
  Remediation,
  RemedyAction,
} from '../../model/manifest.ts';
import { controlPlaneName, workerName } from '../../model/node-name.ts';
import type { KubernetesSpec } from '../../model/spec.ts';
import { desiredMachine } from './machine.ts';
import { deadlines, durationMs, type Lookup } from './resolve.ts';
import { skipsOf } from './skips.ts';

/** The distributions' rules as functions of a cluster's spec; given by the composition root so that this stays pure. */
export type Recipes = Readonly<Record<DistributionName, (spec: ClusterSpec) => Recipe>>;

const DEFAULT_BACKUP_MAX_AGE_MS = 900_000;
const DEFAULT_BACKUPS_KEPT = 5;

/** A cluster and its nodes, control planes first. */
export function desiredCluster(
  owner: string,
  manifest: ClusterManifest,
  lookup: Lookup,
  recipes: Recipes,
  files: Readonly<Record<string, string>>,
): { cluster: DesiredCluster; machines: readonly DesiredMachine[] } {
  const { spec, metadata } = manifest;
  const recipe = recipes[spec.distribution](spec);
  const endpoint = parseEndpoint(spec.endpoint, recipe.apiPort);
  const endpointHost = endpoint?.host ?? `${metadata.name}.kreconcile.internal`;
  const nodes = nodeList(manifest, (role) => kubernetesSpec(spec, recipe, role, endpointHost));
  const skips = skipsOf(manifest, lookup);
  const machines = nodes.map((node) =>
    desiredMachine(
      {
        ...node.parts,
        owner,
        network: lookup.network(spec.network ?? 'default'),
        object: { kind: 'Cluster', name: metadata.name },
        machineClass: lookup.get('MachineClass', node.machineClass).spec,
        image: spec.image,
        access: spec.access,
        userData: null,
        needsGuestAgent: true,
        policies: spec,
        skips,
      },
      lookup,
    ),
  );
  const cluster: DesiredCluster = {
    name: metadata.name,
    distribution: spec.distribution,
    version: spec.version,
    recipe,
    controlPlanes: nodes.filter((node) => node.role === 'control-plane').map((node) => node.parts.name),
    workers: nodes.filter((node) => node.role === 'worker').map((node) => node.parts.name),
    endpoint,
    endpointHost,
    apiPort: recipe.apiPort,
    maxUnavailable: spec.upgrade?.maxUnavailable ?? 1,
    versions: spec.upgrade?.versions ?? [],
    backup: {
      maxAgeMs: durationMs(spec.backup?.maxAge, DEFAULT_BACKUP_MAX_AGE_MS),
      keep: spec.backup?.keep ?? DEFAULT_BACKUPS_KEPT,
      schedule: spec.backup?.schedule ?? null,
      timeZone: spec.backup?.timeZone ?? 'UTC',
    },
    remediation: spec.remediation ? remediationPolicy(spec.remediation) : null,
    suspended: spec.suspend ?? false,
    powerState: spec.powerState ?? 'On',
    prune: spec.prune?.mode ?? 'Confirm',
    deadlines: deadlines(spec.timeouts),
    cniManifest: spec.cni?.manifest === undefined ? null : (files[spec.cni.manifest] ?? null),
  };
  return { cluster, machines };
}

const HARSHNESS: readonly RemedyAction[] = ['restart', 'reset', 'recreate'];

function remediationPolicy({ actions, after, pause, maxUnhealthy, maxTries }: Remediation): RemediationPolicy {
  const { remediation } = DEFAULTS;
  return {
    actions: HARSHNESS.filter((action) => actions.includes(action)),
    afterMs: durationMs(after ?? remediation.after, 0),
    pauseMs: durationMs(pause ?? remediation.pause, 0),
    maxUnhealthyPercent: Number.parseInt(maxUnhealthy ?? remediation.maxUnhealthy, 10),
    maxTries: maxTries ?? remediation.maxTries,
  };
}

function kubernetesSpec(
  spec: ClusterSpec,
  recipe: Recipe,
  role: 'control-plane' | 'worker',
  endpointHost: string,
): KubernetesSpec {
  const isOneOfSeveral = role === 'control-plane' && (spec.controlPlane.replicas ?? 1) > 1;
  return {
    distribution: spec.distribution,
    version: spec.version,
    role,
    endpointHost,
    podCIDR: spec.podCIDR ?? '10.42.0.0/16',
    serviceCIDR: spec.serviceCIDR ?? '10.43.0.0/16',
    cni: spec.cni ?? { plugin: 'bridge' },
    registries: spec.registries ?? [],
    mirrors: spec.mirrors ?? {},
    config: { ...spec.config, ...(isOneOfSeveral ? recipe.configOfSeveral : {}) },
    keepPaths: [...new Set([...recipe.keepPaths, ...(spec.keepPaths ?? [])])].sort(),
  };
}

interface NodeEntry {
  readonly role: 'control-plane' | 'worker';
  readonly machineClass: string;
  readonly parts: {
    readonly name: string;
    readonly address: string | null;
    readonly kubernetes: KubernetesSpec;
    readonly stableAddress: boolean;
  };
}

function nodeList(
  { spec, metadata }: ClusterManifest,
  kubernetes: (role: 'control-plane' | 'worker') => KubernetesSpec,
): readonly NodeEntry[] {
  const controlPlanes = count(spec.controlPlane.replicas ?? 1).map(
    (index): NodeEntry => ({
      role: 'control-plane',
      machineClass: spec.controlPlane.machineClass,
      parts: {
        name: controlPlaneName(metadata.name, index),
        address: spec.controlPlane.addresses?.[index - 1] ?? null,
        kubernetes: kubernetes('control-plane'),
        stableAddress: true,
      },
    }),
  );
  const workers = (spec.workers ?? []).flatMap((pool) =>
    count(pool.replicas).map(
      (index): NodeEntry => ({
        role: 'worker',
        machineClass: pool.machineClass,
        parts: {
          name: workerName(metadata.name, pool.name, index),
          address: null,
          kubernetes: kubernetes('worker'),
          stableAddress: false,
        },
      }),
    ),
  );
  return [...controlPlanes, ...workers.sort((a, b) => (a.parts.name < b.parts.name ? -1 : 1))];
}

function count(replicas: number): readonly number[] {
  return Array.from({ length: replicas }, (_, index) => index + 1);
}

function parseEndpoint(endpoint: string | undefined, defaultPort: number): { host: string; port: number } | null {
  if (endpoint === undefined) return null;
  const [host = endpoint, port] = endpoint.split(':');
  return { host, port: port === undefined ? defaultPort : Number(port) };
}
