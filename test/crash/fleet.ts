import type { Desired } from '../../src/model/desired.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import { desire } from '../../src/reconcile/desire.ts';
import { distributions, programs } from '../reconcile/drivers.ts';
import { VERSIONS } from '../reconcile/generate.ts';
import { cluster, machine, options } from '../reconcile/manifests.ts';

/** What a repository asks for, as few numbers: a generated world is read at a glance, and a change of it is a few of them. */
export interface Fleet {
  readonly dev: ClusterWish;
  readonly stage: ClusterWish;
  readonly jump: MachineWish;
}

interface Wish {
  readonly isThere: boolean;
  readonly isOn: boolean;
  /** Index into the images. */
  readonly image: number;
  /** Index into the sizes. */
  readonly size: number;
  readonly prune: 'Enabled' | 'Confirm';
  readonly deletion: 'Retain' | 'Delete';
}

export interface ClusterWish extends Wish {
  readonly distribution: keyof typeof VERSIONS;
  /** Index into the distribution's versions. */
  readonly version: number;
  readonly workers: number;
  readonly maxUnavailable: number;
}

export type MachineWish = Wish;

/** What a commit changes. */
export interface Edit {
  readonly dev?: Partial<ClusterWish>;
  readonly stage?: Partial<ClusterWish>;
  readonly jump?: Partial<MachineWish>;
}

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
  return cluster(name, {
    distribution: wish.distribution,
    version: versionOf(wish),
    image: `image-${wish.image}`,
    controlPlane: { machineClass },
    workers: wish.workers === 0 ? [] : [{ name: 'general', replicas: wish.workers, machineClass }],
    upgrade: { maxUnavailable: wish.maxUnavailable },
    ...policiesOf(wish),
  });
}

function machineOf(name: string, wish: MachineWish): Manifest {
  return machine(name, {
    image: `image-${wish.image}`,
    machineClass: `size-${wish.size}`,
    userData: `#cloud-config\nruncmd: [echo ${SECRET}of-a-user]\n`,
    ...policiesOf(wish),
  });
}

function policiesOf(wish: Wish) {
  return {
    powerState: wish.isOn ? ('On' as const) : ('Off' as const),
    prune: { mode: wish.prune },
    deletionPolicy: wish.deletion,
  };
}
