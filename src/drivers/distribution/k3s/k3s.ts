import semver from 'semver';
import type { ClusterSpec } from '../../../model/manifest.ts';
import type { SeedFile } from '../../../model/seed.ts';
import type { ConfigProblem } from '../config-problem.ts';
import type { Distribution, NodeContext } from '../distribution.ts';
import { baseUrl, joinAddress, kubernetesOf } from '../node-kubernetes.ts';
import { configFile, registriesFile } from './config.ts';
import { configProblems } from './owned.ts';
import { unitFile } from './unit.ts';

/** The files of the guest library, below src/drivers/distribution, in the order in which they are joined to one text. */
export const K3S_GUEST_FILES = [
  'guest/reading.sh',
  ...['k3s', 'members', 'backup', 'return', 'restore', 'tend'].map((name) => `k3s/guest/${name}.sh`),
];

/** Where first boot puts what the guest library works with; not below /etc/rancher, which is a folder of the state disk. */
const FOLDER = '/etc/kreconcile/k3s';

/** Seconds within which the API server must answer where an operation cannot go on without it. */
const API_WAIT_SECONDS = 900;

/** k3s. `guestLibrary` is the text of `K3S_GUEST_FILES`. The first server makes the cluster; others and agents join with its token in the form that pins the CA. */
export function createK3s(parts: { readonly guestLibrary: string }): Distribution {
  return {
    name: 'k3s',
    guestLibrary: parts.guestLibrary,
    recipe: () => ({
      apiPort: 6443,
      keepPaths: ['/etc/rancher', '/var/lib/rancher'],
      maxMinorStep: 1,
      maxWorkerSkew: 3,
      backupName: 'datastore copy',
      drainsBeforeUpgrade: true,
      // Alone it keeps its data in SQLite, which it turns into etcd when it starts so.
      configOfSeveral: { 'cluster-init': true },
    }),
    check: (spec) => [...versionProblems(spec), ...configProblems(spec.config), ...networkProblems(spec)],
    secrets: [{ name: 'token', bytes: 32 }],
    firstBootFiles,
    settings,
    joinSource: 'control-plane',
    joinInput: (node, minted) => ({ token: minted['token'] ?? '', address: joinAddress(node, minted) }),
  };
}

function firstBootFiles(
  node: NodeContext,
  secrets: Readonly<Record<string, string>>,
): readonly (SeedFile & { readonly secret: boolean })[] {
  const spec = kubernetesOf(node);
  const isServer = spec.role === 'control-plane';
  const file = (name: string, content: string, secret = false) => ({
    path: `${FOLDER}/${name}`,
    content,
    permissions: '0600',
    secret,
  });
  return [
    file('config.yaml', configFile(node)),
    ...(isServer ? [file('k3s.service', unitFile('server'))] : [file('k3s-agent.service', unitFile('agent'))]),
    ...(spec.registries.length > 0 ? [file('registries.yaml', registriesFile(spec.registries))] : []),
    ...(isServer && spec.cni.plugin === 'manifest' && node.cluster.cniManifest !== null
      ? [file('cni.yaml', node.cluster.cniManifest)]
      : []),
    // Agents get theirs when they join.
    ...(isServer ? [file('token', `${secrets['token'] ?? ''}\n`, true)] : []),
  ];
}

function settings(node: NodeContext): Readonly<Record<string, string>> {
  const { mirrors, cni } = kubernetesOf(node);
  return {
    K3S_MIRROR: baseUrl(mirrors.k3s, 'https://github.com/k3s-io/k3s/releases/download'),
    CNI_MANIFEST: cni.plugin === 'manifest' && node.cluster.cniManifest === null ? (cni.manifest ?? '') : '',
    API_WAIT_SECONDS: String(Math.min(API_WAIT_SECONDS, Math.ceil(node.cluster.deadlines.readyMs / 1000))),
  };
}

function versionProblems(spec: ClusterSpec): readonly ConfigProblem[] {
  if (/^v\d/.test(spec.version) && /\+k3s\d+$/.test(spec.version) && semver.valid(spec.version)) return [];
  const message = `${JSON.stringify(spec.version)} is no release of k3s`;
  return [{ path: 'spec.version', message, allowed: 'a tag of k3s, for example v1.36.4+k3s1' }];
}

function networkProblems(spec: ClusterSpec): readonly ConfigProblem[] {
  if (spec.cni?.plugin === 'bridge') {
    const message = 'k3s brings a network of its own (flannel)';
    return [{ path: 'spec.cni.plugin', message, allowed: 'manifest or none; leave cni out for flannel' }];
  }
  if (spec.cni?.plugin !== 'manifest' || spec.cni.manifest) return [];
  return [
    {
      path: 'spec.cni.manifest',
      message: 'the plugin manifest has no manifest',
      allowed: 'a URL or a path in the repository',
    },
  ];
}
