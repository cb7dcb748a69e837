import type { ClusterSpec } from '../../../model/manifest.ts';
import type { ConfigProblem } from '../config-problem.ts';
import { type ConfigTree, isTree, valueAt, without } from '../own-keys.ts';

/** Groups of the configuration kinds that `spec.config` may hold, one key each. */
export const CONFIG_KINDS = {
  InitConfiguration: 'kubeadm.k8s.io/v1beta4',
  ClusterConfiguration: 'kubeadm.k8s.io/v1beta4',
  JoinConfiguration: 'kubeadm.k8s.io/v1beta4',
  UpgradeConfiguration: 'kubeadm.k8s.io/v1beta4',
  KubeletConfiguration: 'kubelet.config.k8s.io/v1beta1',
  KubeProxyConfiguration: 'kubeproxy.config.k8s.io/v1alpha1',
} as const;

export type ConfigKind = keyof typeof CONFIG_KINDS;

export function isConfigKind(name: string): name is ConfigKind {
  return Object.hasOwn(CONFIG_KINDS, name);
}

/** Keys that kreconcile alone sets, each with the field of the manifest that decides it, or why nobody may. */
const OWNED: Readonly<Record<ConfigKind, Readonly<Record<string, string>>>> = {
  InitConfiguration: {
    bootstrapTokens: 'tokens are minted when a node joins',
    certificateKey: 'keys are minted when a control plane joins',
    dryRun: 'kreconcile plan is the dry run',
    'nodeRegistration.name': "the node's name follows from the cluster's",
    'nodeRegistration.criSocket': 'the container runtime is containerd',
    localAPIEndpoint: 'spec.controlPlane.addresses',
  },
  ClusterConfiguration: {
    kubernetesVersion: 'spec.version',
    controlPlaneEndpoint: 'spec.endpoint',
    certificatesDir: 'the state disk keeps /etc/kubernetes/pki',
    'networking.podSubnet': 'spec.podCIDR',
    'networking.serviceSubnet': 'spec.serviceCIDR',
    'etcd.external': 'backups are taken from the etcd of the control plane',
    'etcd.local.dataDir': 'the state disk keeps /var/lib/etcd',
  },
  JoinConfiguration: {
    caCertPath: 'the state disk keeps /etc/kubernetes/pki',
    controlPlane: 'spec.controlPlane',
    discovery: 'tokens are minted when a node joins',
    dryRun: 'kreconcile plan is the dry run',
    'nodeRegistration.name': "the node's name follows from the cluster's",
    'nodeRegistration.criSocket': 'the container runtime is containerd',
  },
  UpgradeConfiguration: {
    'apply.kubernetesVersion': 'spec.version',
    'apply.dryRun': 'kreconcile plan is the dry run',
    'apply.printConfig': 'nobody reads it',
    'node.dryRun': 'kreconcile plan is the dry run',
    diff: 'kubeadm upgrade diff is not run',
    plan: 'kubeadm upgrade plan is not run',
  },
  KubeletConfiguration: {
    cgroupDriver: 'containerd uses the systemd driver, and both must agree',
    containerRuntimeEndpoint: 'the container runtime is containerd',
    staticPodPath: 'kubeadm keeps the control plane in /etc/kubernetes/manifests',
  },
  KubeProxyConfiguration: {},
};

/** One kind's configuration of the manifest, without the keys that kreconcile alone sets; `undefined` if there is none. */
export function theirConfig(config: ConfigTree, kind: ConfigKind): ConfigTree | undefined {
  const theirs = config[kind];
  if (!isTree(theirs)) return undefined;
  return Object.keys(OWNED[kind]).reduce((tree, key) => without(tree, key.split('.')), theirs);
}

/** What in `spec.config` kubeadm would not understand or kreconcile must decide itself. */
export function configProblems(config: ClusterSpec['config']): readonly ConfigProblem[] {
  return Object.entries(config ?? {}).flatMap(([kind, value]) => {
    const path = `spec.config.${kind}`;
    if (!isConfigKind(kind)) {
      const allowed = Object.keys(CONFIG_KINDS).join(', ');
      return [{ path, message: `${kind} is no configuration kind that kubeadm reads`, allowed }];
    }
    if (!isTree(value))
      return [{ path, message: `${kind} is not a mapping of keys`, allowed: `the fields of ${kind}` }];
    return [...headerProblems(kind, value), ...ownedProblems(kind, value)];
  });
}

function headerProblems(kind: ConfigKind, value: Readonly<Record<string, unknown>>): readonly ConfigProblem[] {
  const expected = { apiVersion: CONFIG_KINDS[kind], kind };
  return Object.entries(expected)
    .filter(([key, text]) => value[key] !== undefined && value[key] !== text)
    .map(([key, text]) => ({
      path: `spec.config.${kind}.${key}`,
      message: `${key} is ${JSON.stringify(value[key])}`,
      allowed: `${text}, or leave it out`,
    }));
}

function ownedProblems(kind: ConfigKind, value: Readonly<Record<string, unknown>>): readonly ConfigProblem[] {
  const owned = Object.entries(OWNED[kind])
    .filter(([key]) => valueAt(value, key.split('.')) !== undefined)
    .map(([key, reason]) => ({
      path: `spec.config.${kind}.${key}`,
      message: `${key} is set by kreconcile`,
      allowed: reason,
    }));
  const flags = valueAt(value, ['nodeRegistration', 'kubeletExtraArgs']);
  const setsNodeIp = Array.isArray(flags) && flags.some((flag) => isTree(flag) && flag['name'] === 'node-ip');
  if (!setsNodeIp) return owned;
  const path = `spec.config.${kind}.nodeRegistration.kubeletExtraArgs`;
  return [...owned, { path, message: 'node-ip is set by kreconcile', allowed: 'spec.controlPlane.addresses' }];
}
