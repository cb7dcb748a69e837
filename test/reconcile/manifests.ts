import type { ClusterSpec, MachineSpec, Manifest, ManifestSet } from '../../src/model/manifest.ts';
import type { Recipes } from '../../src/reconcile/desire/cluster.ts';
import type { DesireOptions } from '../../src/reconcile/desire.ts';

/** Manifests for tests of planning, with defaults so that a test says only what it is about. */
const at = { file: 'test.yaml', line: 1, column: 1 };
export const DIGEST = `sha256:${'a'.repeat(64)}`;
export const OTHER_DIGEST = `sha256:${'b'.repeat(64)}`;

export function smallClass(spec: Partial<Extract<Manifest, { kind: 'MachineClass' }>['spec']> = {}): Manifest {
  return {
    kind: 'MachineClass',
    at,
    metadata: { name: 'small' },
    spec: { cpus: 2, memory: '2Gi', disk: '10Gi', ...spec },
  };
}

export function debianImage(checksum: string = DIGEST): Manifest {
  return {
    kind: 'Image',
    at,
    metadata: { name: 'debian-13' },
    spec: { os: 'debian', version: '13', url: 'https://images.test/debian-13.qcow2', checksum },
  };
}

export function cluster(name: string, spec: Partial<ClusterSpec> = {}): Manifest {
  return {
    kind: 'Cluster',
    at,
    metadata: { name },
    spec: {
      distribution: 'k3s',
      version: 'v1.36.3+k3s1',
      image: 'debian-13',
      controlPlane: { machineClass: 'small' },
      workers: [{ name: 'general', replicas: 1, machineClass: 'small' }],
      ...spec,
    },
  };
}

export function machine(name: string, spec: Partial<MachineSpec> = {}): Manifest {
  return { kind: 'Machine', at, metadata: { name }, spec: { image: 'debian-13', machineClass: 'small', ...spec } };
}

export function setOf(revision: string, ...manifests: Manifest[]): ManifestSet {
  return { revision, files: {}, manifests: [smallClass(), debianImage(), ...manifests] };
}

const recipe = {
  apiPort: 6443,
  keepPaths: ['/var/lib/rancher'],
  maxMinorStep: 1,
  maxWorkerSkew: 3,
  backupName: 'datastore copy',
  drainsBeforeUpgrade: true,
};
export const recipes: Recipes = { k3s: () => recipe, kubeadm: () => ({ ...recipe, keepPaths: ['/etc/kubernetes'] }) };

export const options: DesireOptions = {
  owner: 'kreconcile',
  host: 'host-1',
  takeUnplaced: true,
  emulationAllowed: true,
  maxDeletes: 1,
  programs: {},
};
