import fc from 'fast-check';
import type { Manifest, ManifestSet } from '../../src/model/manifest.ts';
import { cluster, debianImage, machine, smallClass } from './manifests.ts';

/** Generated desired states: few objects, so that a failure is read at a glance. */
export const VERSIONS = {
  k3s: ['v1.35.8+k3s1', 'v1.36.3+k3s1', 'v1.36.4+k3s1'],
  kubeadm: ['v1.35.4', 'v1.36.1', 'v1.36.3'],
} as const;

const distribution = fc.constantFrom('k3s' as const, 'kubeadm' as const);
const power = fc.constantFrom('On' as const, 'On' as const, 'On' as const, 'Off' as const);
/** Mostly one: three take three times as long. */
const controlPlanes = fc.constantFrom(1 as const, 1 as const, 1 as const, 3 as const);
const prune = fc.constantFrom('Enabled' as const, 'Confirm' as const);
const deletion = fc.constantFrom('Retain' as const, 'Delete' as const);

function clusterOf(name: string): fc.Arbitrary<Manifest> {
  return fc
    .record({
      distribution,
      version: fc.nat(2),
      controlPlanes,
      workers: fc.nat(2),
      power,
      prune,
      deletion,
      endpoint: fc.boolean(),
    })
    .map((choice) =>
      cluster(name, {
        distribution: choice.distribution,
        version: VERSIONS[choice.distribution][choice.version] ?? VERSIONS[choice.distribution][0],
        controlPlane: { machineClass: 'small', replicas: choice.controlPlanes },
        workers: choice.workers === 0 ? [] : [{ name: 'general', replicas: choice.workers, machineClass: 'small' }],
        powerState: choice.power,
        prune: { mode: choice.prune },
        deletionPolicy: choice.deletion,
        ...(choice.endpoint || choice.controlPlanes > 1 ? { endpoint: `${name}.test` } : {}),
      }),
    );
}

function machineOf(name: string, machineClass: 'small' | 'stateful'): fc.Arbitrary<Manifest> {
  return fc.record({ power, prune, deletion, guestAgent: fc.boolean(), userData: fc.boolean() }).map((choice) =>
    machine(name, {
      machineClass,
      powerState: choice.power,
      prune: { mode: choice.prune },
      deletionPolicy: choice.deletion,
      guestAgent: choice.guestAgent,
      ...(choice.userData ? { userData: '#cloud-config\nfinal_message: hello\n' } : {}),
    }),
  );
}

/** What a revision says of the images and sizes of all its machines. */
export interface Ground {
  /** Which of three images. */
  readonly image: number;
  readonly memory: string;
}

export const ground: fc.Arbitrary<Ground> = fc.record({
  image: fc.nat(2),
  memory: fc.constantFrom('2Gi', '2Gi', '4Gi'),
});

function groundOf({ image, memory }: Ground): readonly Manifest[] {
  const small = smallClass({ memory });
  const stateful = smallClass({ memory, stateDisk: '5Gi' });
  const digest = `sha256:${'abc'.charAt(image).repeat(64)}`;
  return [small, { ...stateful, metadata: { name: 'stateful' } } as Manifest, debianImage(digest)];
}

/** One revision. The pool of names is small, so that two revisions share objects, drop some and bring new ones. */
export function manifestSet(revision: string): fc.Arbitrary<ManifestSet> {
  return fc
    .tuple(
      ground,
      fc.option(clusterOf('dev')),
      fc.option(clusterOf('stage')),
      fc.option(machineOf('jump', 'small')),
      fc.option(machineOf('store', 'stateful')),
    )
    .map(([under, ...objects]) => ({
      revision,
      files: {},
      manifests: [...groundOf(under), ...objects.filter((object) => object !== null)],
    }));
}

/** The same objects switched on, at the version of that index and on the given ground: what a change starts from or leads to. */
export function raised(
  set: ManifestSet,
  revision: string,
  version: number,
  under: Ground = { image: 0, memory: '2Gi' },
): ManifestSet {
  const objects = set.manifests.flatMap((entry): Manifest[] => {
    if (entry.kind === 'Machine') return [{ ...entry, spec: { ...entry.spec, powerState: 'On' } }];
    if (entry.kind !== 'Cluster') return [];
    const list = VERSIONS[entry.spec.distribution === 'k3s' ? 'k3s' : 'kubeadm'];
    return [{ ...entry, spec: { ...entry.spec, powerState: 'On', version: list[version] ?? list[0] } }];
  });
  return { ...set, revision, manifests: [...groundOf(under), ...objects] };
}

/**
 * Two revisions of one cluster that has, or had, three control planes. Its endpoint is there from the start, so that it may grow, and what leaves it
 * may be deleted.
 */
export const severalSets: fc.Arbitrary<readonly [ManifestSet, ManifestSet]> = fc
  .record({
    distribution,
    counts: fc.constantFrom([3, 3] as const, [1, 3] as const, [3, 1] as const),
    isRaised: fc.boolean(),
    workers: fc.nat(1),
    under: ground,
  })
  .map((choice) => {
    const at = (replicas: number, version: string): Manifest =>
      cluster('dev', {
        distribution: choice.distribution,
        version,
        endpoint: 'dev.test',
        controlPlane: { machineClass: 'small', replicas },
        workers: choice.workers === 0 ? [] : [{ name: 'general', replicas: choice.workers, machineClass: 'small' }],
        prune: { mode: 'Enabled' },
      });
    const [from, to] = choice.counts;
    const [older, newer] = VERSIONS[choice.distribution];
    const plain: Ground = { image: 0, memory: '2Gi' };
    return [
      { revision: 'r1', files: {}, manifests: [...groundOf(plain), at(from, older)] },
      { revision: 'r2', files: {}, manifests: [...groundOf(choice.under), at(to, choice.isRaised ? newer : older)] },
    ];
  });
