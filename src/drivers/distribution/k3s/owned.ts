import type { ClusterSpec } from '../../../model/manifest.ts';
import type { ConfigProblem } from '../config-problem.ts';

/** Keys of config.yaml that kreconcile alone sets, each with what decides it or why nobody may set it. */
const OWNED: Readonly<Record<string, string>> = {
  token: 'tokens are made by kreconcile',
  'token-file': 'tokens are made by kreconcile',
  'agent-token': 'tokens are made by kreconcile',
  'agent-token-file': 'tokens are made by kreconcile',
  server: 'nodes that join are told where',
  'node-name': "the node's name follows from the cluster's",
  'with-node-id': "the node's name follows from the cluster's",
  'node-ip': 'spec.controlPlane.addresses',
  'advertise-address': 'spec.controlPlane.addresses',
  'https-listen-port': 'the API server listens on 6443',
  'cluster-cidr': 'spec.podCIDR',
  'service-cidr': 'spec.serviceCIDR',
  'data-dir': 'the state disk keeps /var/lib/rancher',
  'datastore-endpoint': 'backups are taken from the datastore of the control plane',
  'etcd-snapshot-compress': 'backups are verified by the digest of the plain snapshot',
  'etcd-snapshot-dir': 'backups are taken from the usual folder',
  'private-registry': 'spec.registries',
  'write-kubeconfig': 'kreconcile publishes the kubeconfig',
  'write-kubeconfig-mode': 'kreconcile publishes the kubeconfig',
};

/** What in `spec.config` kreconcile must decide itself. A `+` behind a key (append, in k3s' own words) changes nothing about that. */
export function configProblems(config: ClusterSpec['config']): readonly ConfigProblem[] {
  return Object.keys(config ?? {}).flatMap((key) => {
    const allowed = OWNED[key.replace(/\+$/, '')];
    return allowed === undefined
      ? []
      : [{ path: `spec.config.${key}`, message: `${key} is set by kreconcile`, allowed }];
  });
}
