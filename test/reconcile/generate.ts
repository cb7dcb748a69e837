import fc from 'fast-check';
import type { Manifest, ManifestSet } from '../../src/model/manifest.ts';
import { cluster, machine, setOf } from './manifests.ts';

/** Generated desired states: few objects, so that a failure is read at a glance. */
export const VERSIONS = {
  k3s: ['v1.35.8+k3s1', 'v1.36.3+k3s1', 'v1.36.4+k3s1'],
  kubeadm: ['v1.35.4', 'v1.36.1', 'v1.36.3'],
} as const;

const distribution = fc.constantFrom('k3s' as const, 'kubeadm' as const);
const power = fc.constantFrom('On' as const, 'On' as const, 'On' as const, 'Off' as const);
const prune = fc.constantFrom('Enabled' as const, 'Confirm' as const);
const deletion = fc.constantFrom('Retain' as const, 'Delete' as const);

function clusterOf(name: string): fc.Arbitrary<Manifest> {
  return fc
    .record({ distribution, version: fc.nat(2), workers: fc.nat(2), power, prune, deletion, endpoint: fc.boolean() })
    .map((choice) =>
      cluster(name, {
        distribution: choice.distribution,
        version: VERSIONS[choice.distribution][choice.version] ?? VERSIONS[choice.distribution][0],
        workers: choice.workers === 0 ? [] : [{ name: 'general', replicas: choice.workers, machineClass: 'small' }],
        powerState: choice.power,
        prune: { mode: choice.prune },
        deletionPolicy: choice.deletion,
        ...(choice.endpoint ? { endpoint: `${name}.test` } : {}),
      }),
    );
}

function machineOf(name: string): fc.Arbitrary<Manifest> {
  return fc.record({ power, prune, deletion, guestAgent: fc.boolean(), userData: fc.boolean() }).map((choice) =>
    machine(name, {
      powerState: choice.power,
      prune: { mode: choice.prune },
      deletionPolicy: choice.deletion,
      guestAgent: choice.guestAgent,
      ...(choice.userData ? { userData: '#cloud-config\nfinal_message: hello\n' } : {}),
    }),
  );
}

/** One revision. The pool of names is small, so that two revisions share objects, drop some and bring new ones. */
export function manifestSet(revision: string): fc.Arbitrary<ManifestSet> {
  return fc
    .tuple(
      fc.option(clusterOf('dev')),
      fc.option(clusterOf('stage')),
      fc.option(machineOf('jump')),
      fc.option(machineOf('store')),
    )
    .map((objects) => setOf(revision, ...objects.filter((object) => object !== null)));
}

/** The same revision with everything switched on and at its lowest version: what an upgrade starts from. */
export function raised(set: ManifestSet, revision: string, version: number): ManifestSet {
  const manifests = set.manifests.map((entry): Manifest => {
    if (entry.kind !== 'Cluster') return entry;
    const list = VERSIONS[entry.spec.distribution === 'k3s' ? 'k3s' : 'kubeadm'];
    return { ...entry, spec: { ...entry.spec, powerState: 'On', version: list[version] ?? list[0] } };
  });
  return { ...set, revision, manifests };
}
