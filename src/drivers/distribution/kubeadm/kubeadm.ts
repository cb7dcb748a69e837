import semver from 'semver';
import type { ClusterSpec } from '../../../model/manifest.ts';
import type { ConfigProblem } from '../config-problem.ts';
import type { Distribution } from '../distribution.ts';
import { joinAddress, kubernetesOf } from '../node-kubernetes.ts';
import { firstBootFiles, settings } from './first-boot.ts';
import { configProblems } from './owned.ts';

/** The files of the guest library, below src/drivers/distribution, in the order in which they are joined to one text. */
export const KUBEADM_GUEST_FILES = [
  'guest/reading.sh',
  ...[
    'kubeadm',
    'runtime',
    'programs',
    'keep',
    'reconfigure',
    'cluster',
    'backup',
    'members',
    'upgrade',
    'datastore',
    'rollback',
    'restore',
    'tend',
    'status',
  ].map((name) => `kubeadm/guest/${name}.sh`),
];

/** kubeadm of this minor is the first that reads v1beta4 configuration, the only one that kreconcile writes. */
const OLDEST_MINOR = 31;

/**
 * Upstream Kubernetes, installed and upgraded by kubeadm. `guestLibrary` is the text of `KUBEADM_GUEST_FILES`. The first control plane makes the
 * cluster; the others, and workers, join with a token that it mints.
 */
export function createKubeadm(parts: { readonly guestLibrary: string }): Distribution {
  return {
    name: 'kubeadm',
    guestLibrary: parts.guestLibrary,
    recipe: () => ({
      apiPort: 6443,
      keepPaths: ['/etc/kubernetes', '/var/lib/etcd', '/var/lib/kubelet'],
      maxMinorStep: 1,
      maxWorkerSkew: 3,
      backupName: 'etcd snapshot',
      drainsBeforeUpgrade: true,
    }),
    check: (spec) => [...versionProblems(spec), ...configProblems(spec.config), ...networkProblems(spec)],
    secrets: [],
    firstBootFiles: (node) => firstBootFiles(node).map((file) => ({ ...file, secret: false })),
    settings,
    joinSource: 'control-plane',
    joinInput: (node, minted) => ({
      token: minted['token'] ?? '',
      caHash: minted['caHash'] ?? '',
      address: joinAddress(node, minted),
      ...(kubernetesOf(node).role === 'control-plane'
        ? { certificateKey: minted['certificateKey'] ?? '', etcdMember: minted['etcdMember'] ?? '' }
        : {}),
    }),
  };
}

function versionProblems(spec: ClusterSpec): readonly ConfigProblem[] {
  const version = /^v\d/.test(spec.version) ? semver.parse(spec.version) : null;
  if (version && version.build.length === 0 && version.major === 1 && version.minor >= OLDEST_MINOR) return [];
  const message = `${JSON.stringify(spec.version)} is no Kubernetes release that kubeadm can be used with`;
  return [{ path: 'spec.version', message, allowed: `v1.${OLDEST_MINOR}.0 or newer, for example v1.36.1` }];
}

function networkProblems(spec: ClusterSpec): readonly ConfigProblem[] {
  const registries = (spec.registries ?? []).flatMap((registry, index) =>
    /^[A-Za-z0-9.-]+(:\d+)?$/.test(registry.host)
      ? []
      : [
          {
            path: `spec.registries[${index}].host`,
            message: `${JSON.stringify(registry.host)} is no registry`,
            allowed: 'a host as image names write it, for example registry.k8s.io',
          },
        ],
  );
  if (spec.cni?.plugin !== 'manifest' || spec.cni.manifest) return registries;
  return [
    ...registries,
    {
      path: 'spec.cni.manifest',
      message: 'the plugin manifest has no manifest',
      allowed: 'a URL or a path in the repository',
    },
  ];
}
