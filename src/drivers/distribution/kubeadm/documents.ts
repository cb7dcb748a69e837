import { stringify } from 'yaml';
import type { NodeContext } from '../distribution.ts';
import { apiServerNames, kubernetesOf } from '../node-kubernetes.ts';
import { type ConfigTree, isTree, joinLists, listAt, mergeTrees, valueAt } from '../own-keys.ts';
import { CONFIG_KINDS, type ConfigKind, theirConfig } from './owned.ts';

const CRI_SOCKET = 'unix:///run/containerd/containerd.sock';

/** Placeholders of `joinDocument` that the guest fills in when a node joins. */
export const JOIN_PLACEHOLDERS = {
  token: '@TOKEN@',
  caHash: '@CA_HASH@',
  certificateKey: '@CERTIFICATE_KEY@',
} as const;

/**
 * Input of `kubeadm init`: kubeadm v1beta4 (Kubernetes >= 1.31), with the manifest's own keys merged over ours. Fields as in
 * cmd/kubeadm/app/apis/kubeadm/v1beta4/types.go of Kubernetes 1.36.
 */
export function initDocuments(node: NodeContext): string {
  return inOneFile([
    document(node, 'InitConfiguration', initConfiguration(node)),
    document(node, 'ClusterConfiguration', clusterConfiguration(node)),
    ...componentDocuments(node),
  ]);
}

function componentDocuments(node: NodeContext): readonly ConfigTree[] {
  return [
    document(node, 'KubeletConfiguration', { cgroupDriver: 'systemd' }),
    ...(configOf(node, 'KubeProxyConfiguration') ? [document(node, 'KubeProxyConfiguration', {})] : []),
  ];
}

/** What a node that exists is configured by, of its own and of the cluster's; the version is no part of it. */
export function configurationDocuments(node: NodeContext): string {
  const { kubernetesVersion: _version, ...cluster } = document(
    node,
    'ClusterConfiguration',
    clusterConfiguration(node),
  );
  return inOneFile([cluster, ...componentDocuments(node)]);
}

/** What decides the names of the container images; the guest puts another version in when it stages one. */
export function imageDocuments(node: NodeContext): string {
  const cluster = configOf(node, 'ClusterConfiguration') ?? {};
  const naming = Object.fromEntries(
    ['imageRepository', 'dns', 'etcd', 'featureGates'].flatMap((key) =>
      cluster[key] === undefined ? [] : [[key, cluster[key]]],
    ),
  );
  return inOneFile([
    header('InitConfiguration', { nodeRegistration: { criSocket: CRI_SOCKET } }),
    header('ClusterConfiguration', { kubernetesVersion: kubernetesOf(node).version, ...naming }),
  ]);
}

/** Input of `kubeadm join`; token, CA digest and certificate key are placeholders, because seeds hold no secret that outlives first boot. */
export function joinDocument(node: NodeContext): string {
  const isMember = kubernetesOf(node).role === 'control-plane';
  const discovery = {
    bootstrapToken: {
      token: JOIN_PLACEHOLDERS.token,
      apiServerEndpoint: apiServerEndpoint(node),
      caCertHashes: [JOIN_PLACEHOLDERS.caHash],
    },
  };
  return inOneFile([
    document(node, 'JoinConfiguration', {
      discovery,
      nodeRegistration: { ...nodeRegistration(node, 'JoinConfiguration'), ...(isMember ? taints(node) : {}) },
      ...(isMember ? { controlPlane: { ...endpoint(node), certificateKey: JOIN_PLACEHOLDERS.certificateKey } } : {}),
    }),
  ]);
}

/** Input of `kubeadm upgrade apply` and `kubeadm upgrade node`, in one line; the version is an argument. */
export function upgradeDocument(node: NodeContext): string {
  return JSON.stringify(document(node, 'UpgradeConfiguration', {}));
}

function initConfiguration(node: NodeContext): ConfigTree {
  return {
    // Nobody joins by the token that init insists on: it dies after a minute, and is not printed.
    bootstrapTokens: [{ description: 'made by init, used by nobody', ttl: '1m0s' }],
    skipPhases: joinLists(['show-join-command'], listAt(configOf(node, 'InitConfiguration'), ['skipPhases']), String),
    ...endpoint(node),
    nodeRegistration: { ...nodeRegistration(node, 'InitConfiguration'), ...taints(node) },
  };
}

/** Where a control plane's own API server listens. */
function endpoint(node: NodeContext): ConfigTree {
  const { apiPort: bindPort } = node.cluster;
  return { localAPIEndpoint: node.address === null ? { bindPort } : { advertiseAddress: node.address, bindPort } };
}

/** Without workers the control planes take pods. */
function taints({ cluster }: NodeContext): ConfigTree {
  return cluster.workers.length === 0 ? { taints: [] } : {};
}

function clusterConfiguration(node: NodeContext): ConfigTree {
  const spec = kubernetesOf(node);
  const theirNames = listAt(configOf(node, 'ClusterConfiguration'), ['apiServer', 'certSANs']);
  return {
    clusterName: node.cluster.name,
    kubernetesVersion: spec.version,
    // Also with one control plane: it cannot be added later without reissuing certificates.
    controlPlaneEndpoint: apiServerEndpoint(node),
    apiServer: { certSANs: joinLists<unknown>(apiServerNames(node), theirNames, String) },
    networking: { podSubnet: spec.podCIDR, serviceSubnet: spec.serviceCIDR },
  };
}

function nodeRegistration(node: NodeContext, kind: ConfigKind): ConfigTree {
  const ours = node.address === null ? [] : [{ name: 'node-ip', value: node.address }];
  const flags = joinLists<unknown>(
    ours,
    listAt(configOf(node, kind), ['nodeRegistration', 'kubeletExtraArgs']),
    (flag) => (isTree(flag) ? String(flag['name']) : String(flag)),
  );
  return {
    name: node.machine.name,
    criSocket: CRI_SOCKET,
    imagePullPolicy: 'IfNotPresent',
    ...(flags.length > 0 ? { kubeletExtraArgs: flags } : {}),
  };
}

function apiServerEndpoint(node: NodeContext): string {
  return `${kubernetesOf(node).endpointHost}:${node.cluster.apiPort}`;
}

function configOf(node: NodeContext, kind: ConfigKind): ConfigTree | undefined {
  return theirConfig(kubernetesOf(node).config, kind);
}

/** Ours, theirs over it, and the lists that are joined instead of replaced put back. */
function document(node: NodeContext, kind: ConfigKind, ours: ConfigTree): ConfigTree {
  const merged = mergeTrees(ours, configOf(node, kind) ?? {});
  const joined = [['skipPhases'], ['apiServer', 'certSANs'], ['nodeRegistration', 'kubeletExtraArgs']];
  const kept = joined.reduce<ConfigTree>((tree, path) => {
    const value = valueAt(ours, path);
    return value === undefined ? tree : mergeTrees(tree, nested(path, value));
  }, merged);
  return header(kind, kept);
}

function nested(path: readonly string[], value: unknown): ConfigTree {
  const [key = '', ...rest] = path;
  return { [key]: rest.length === 0 ? value : nested(rest, value) };
}

function header(kind: ConfigKind, tree: ConfigTree): ConfigTree {
  return { ...tree, apiVersion: CONFIG_KINDS[kind], kind };
}

function inOneFile(documents: readonly ConfigTree[]): string {
  return documents.map((tree) => stringify(tree, { sortMapEntries: true, lineWidth: 0 })).join('---\n');
}
