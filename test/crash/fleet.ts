import type { Desired } from '../../src/model/desired.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import { desire } from '../../src/reconcile/desire.ts';
import { distributions, programs } from '../reconcile/drivers.ts';
import { cluster, machine, options } from '../reconcile/manifests.ts';
import { WINDOWS } from './windows.ts';

/** What a repository asks for, as few numbers: a generated world is read at a glance, and a change of it is a few of them. */
export interface Fleet {
  readonly dev: ClusterWish;
  readonly stage: ClusterWish;
  readonly jump: MachineWish;
}

interface Wish {
  readonly isThere: boolean;
  readonly isOn: boolean;
  readonly isSuspended: boolean;
  /** Index into the images. */
  readonly image: number;
  /** Index into the sizes. */
  readonly size: number;
  readonly prune: 'Enabled' | 'Confirm';
  readonly deletion: 'Retain' | 'Delete';
  readonly strategy: 'Auto' | 'InPlaceOnly';
  readonly keepFor: string;
  readonly drift: 'correct' | 'warn';
  /** Index into the windows. */
  readonly window: number;
}

export interface ClusterWish extends Wish {
  readonly distribution: keyof typeof VERSIONS;
  /** Index into the distribution's versions. The last is a minor further than one upgrade goes: it is reached by a chain only. */
  readonly version: number;
  /** The versions on the way are given, whether or not they are needed. */
  readonly isChained: boolean;
  readonly controlPlanes: 1 | 3;
  readonly workers: number;
  readonly maxUnavailable: number;
  /** Nodes that are not healthy are remedied. */
  readonly isRemedied: boolean;
  /** A backup is taken every night. */
  readonly isBackedUp: boolean;
}

export type MachineWish = Wish;

/** What a commit changes. */
export interface Edit {
  readonly dev?: Partial<ClusterWish>;
  readonly stage?: Partial<ClusterWish>;
  readonly jump?: Partial<MachineWish>;
}

export const VERSIONS = {
  k3s: ['v1.35.8+k3s1', 'v1.36.3+k3s1', 'v1.36.4+k3s1', 'v1.37.2+k3s1'],
  kubeadm: ['v1.35.4', 'v1.36.1', 'v1.36.3', 'v1.37.1'],
} as const;
export const IMAGES = ['a', 'b', 'c'].map((letter) => `sha256:${letter.repeat(64)}`);
/** More vCPUs and larger disks are live changes, less or more memory are not. */
export const SIZES = [
  { cpus: 2, memory: '2Gi', disk: '10Gi' },
  { cpus: 4, memory: '2Gi', disk: '10Gi' },
  { cpus: 2, memory: '2Gi', disk: '20Gi' },
  { cpus: 2, memory: '3Gi', disk: '10Gi' },
];
/** Stands in everything that must not be found in a seed after first boot. */
export const SECRET = 'secret-';

const recipes = { k3s: distributions.k3s.recipe, kubeadm: distributions.kubeadm.recipe };
const at = { file: 'fleet.yaml', line: 1, column: 1 };

export function edited(fleet: Fleet, edit: Edit): Fleet {
  return {
    dev: { ...fleet.dev, ...edit.dev },
    stage: { ...fleet.stage, ...edit.stage },
    jump: { ...fleet.jump, ...edit.jump },
  };
}

/** The fleet as a revision of a repository, resolved. Something is always desired, so that a deletion is never the last document's. */
export function desiredOf(fleet: Fleet, revision: string): Desired {
  const manifests: Manifest[] = [
    ...SIZES.map((spec, index): Manifest => ({ kind: 'MachineClass', at, metadata: { name: `size-${index}` }, spec })),
    ...IMAGES.map(imageOf),
    ...(fleet.dev.isThere ? [clusterOf('dev', fleet.dev)] : []),
    ...(fleet.stage.isThere ? [clusterOf('stage', fleet.stage)] : []),
    ...(fleet.jump.isThere ? [machineOf('jump', fleet.jump)] : []),
  ];
  return desire({ revision, manifests, files: {} }, recipes, { ...options, programs });
}

/** The digests of images and the versions that a commit asks for and that are not there yet. */
export function askedFor(fleet: Fleet, edit: Edit): readonly string[] {
  const later = edited(fleet, edit);
  const images = (['dev', 'stage', 'jump'] as const).flatMap((name) =>
    later[name].image === fleet[name].image ? [] : [IMAGES[later[name].image] ?? ''],
  );
  const versions = (['dev', 'stage'] as const).flatMap((name) =>
    later[name].version === fleet[name].version ? [] : [versionOf(later[name])],
  );
  return [...images, ...versions];
}

function versionOf({ distribution, version }: ClusterWish): string {
  return VERSIONS[distribution][version] ?? VERSIONS[distribution][0];
}

function imageOf(checksum: string, index: number): Manifest {
  const spec = { os: 'debian' as const, version: '13', url: `https://images.test/${index}.qcow2`, checksum };
  return { kind: 'Image', at, metadata: { name: `image-${index}` }, spec };
}

function clusterOf(name: string, wish: ClusterWish): Manifest {
  const machineClass = `size-${wish.size}`;
  const isFar = wish.version === VERSIONS[wish.distribution].length - 1;
  return cluster(name, {
    distribution: wish.distribution,
    version: versionOf(wish),
    image: `image-${wish.image}`,
    controlPlane: { machineClass, replicas: wish.controlPlanes },
    ...(wish.controlPlanes === 1 ? {} : { endpoint: `${name}.test:6443` }),
    workers: wish.workers === 0 ? [] : [{ name: 'general', replicas: wish.workers, machineClass }],
    ...policiesOf(wish),
    upgrade: {
      maxUnavailable: wish.maxUnavailable,
      strategy: wish.strategy,
      keepFor: wish.keepFor,
      ...(wish.isChained || isFar ? { versions: VERSIONS[wish.distribution].slice(1, wish.version) } : {}),
    },
    ...(wish.isBackedUp ? { backup: { schedule: '30 1 * * *' } } : {}),
    ...(wish.isRemedied ? { remediation: { actions: ['restart', 'reset', 'recreate'] } } : {}),
  });
}

function machineOf(name: string, wish: MachineWish): Manifest {
  return machine(name, {
    image: `image-${wish.image}`,
    machineClass: `size-${wish.size}`,
    userData: `#cloud-config\nruncmd: [echo ${SECRET}of-a-user]\n`,
    ...policiesOf(wish),
    upgrade: { strategy: wish.strategy, keepFor: wish.keepFor },
  });
}

function policiesOf(wish: Wish) {
  return {
    powerState: wish.isOn ? ('On' as const) : ('Off' as const),
    suspend: wish.isSuspended,
    prune: { mode: wish.prune },
    deletionPolicy: wish.deletion,
    drift: { mode: wish.drift },
    windows: WINDOWS[wish.window] ?? [],
  };
}
