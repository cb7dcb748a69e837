import type { NodeContext } from '../../../src/drivers/distribution/distribution.ts';
import type { DesiredCluster, DesiredMachine, Recipe } from '../../../src/model/desired.ts';
import type { KubernetesSpec } from '../../../src/model/spec.ts';
import { appliedSpec } from '../applied-spec.ts';

/** What a test changes in the cluster `dev`. */
export interface NodeChanges {
  readonly kubernetes?: Partial<KubernetesSpec>;
  readonly cluster?: Partial<DesiredCluster>;
  readonly address?: string | null;
  readonly controlPlaneAddress?: string | null;
  /** A control plane that joins, `dev-cp-2`. */
  readonly joins?: boolean;
}

const deadlines = { bootMs: 600_000, readyMs: 900_000, upgradeMs: 900_000, drainMs: 300_000, shutdownMs: 120_000 };
const policies = { remediation: null, suspended: false, powerState: 'On', prune: 'Confirm', deadlines } as const;

/** A node of the cluster `dev` as `desire` resolves it. */
export function nodeOf(
  recipe: Recipe,
  versions: Pick<KubernetesSpec, 'distribution' | 'version'>,
  role: KubernetesSpec['role'],
  changes: NodeChanges = {},
): NodeContext {
  const name = role === 'worker' ? 'dev-general-1' : changes.joins ? 'dev-cp-2' : 'dev-cp-1';
  const kubernetes: KubernetesSpec = {
    ...versions,
    role,
    endpointHost: 'api.dev.example',
    podCIDR: '10.42.0.0/16',
    serviceCIDR: '10.43.0.0/16',
    cni: { plugin: 'bridge' },
    registries: [],
    mirrors: {},
    config: {},
    keepPaths: recipe.keepPaths,
    ...changes.kubernetes,
  };
  const cluster: DesiredCluster = {
    ...policies,
    name: 'dev',
    ...versions,
    recipe,
    controlPlanes: ['dev-cp-1'],
    workers: ['dev-general-1'],
    endpoint: { host: 'api.dev.example', port: 6443 },
    endpointHost: kubernetes.endpointHost,
    apiPort: recipe.apiPort,
    maxUnavailable: 1,
    versions: [],
    backup: { maxAgeMs: 900_000, keep: 5, schedule: null, timeZone: 'UTC' },
    cniManifest: null,
    ...changes.cluster,
  };
  const address = role === 'control-plane' ? '192.168.122.10' : null;
  return {
    machine: machineOf(name, kubernetes),
    cluster,
    address: changes.address === undefined ? address : changes.address,
    controlPlaneAddress: changes.controlPlaneAddress === undefined ? '192.168.122.10' : changes.controlPlaneAddress,
    arch: 'amd64',
    ...(changes.joins ? { joins: true } : {}),
  };
}

function machineOf(name: string, kubernetes: KubernetesSpec): DesiredMachine {
  return {
    ...policies,
    strategy: 'Auto',
    keepForMs: 86_400_000,
    windows: [],
    drift: { mode: 'correct', ignore: [] },
    skips: { specDigest: '0123456789ab', skipped: [], outdated: [] },
    name,
    object: { kind: 'Cluster', name: 'dev' },
    uuid: '7f8a3c52-6f0e-5d8f-9d2b-0d4bb8a1c001',
    mac: '52:54:00:12:34:56',
    spec: appliedSpec({ kubernetes }),
    stateDisk: { filesystemUuid: '7f8a3c52-6f0e-5d8f-9d2b-0d4bb8a1c002', serial: 'kre-0123456789abcdef' },
    stableAddress: true,
    userData: null,
    needsGuestAgent: true,
    deletionPolicy: 'Retain',
  };
}
