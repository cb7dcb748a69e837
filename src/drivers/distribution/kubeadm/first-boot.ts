import type { SeedFile } from '../../../model/seed.ts';
import type { NodeContext } from '../distribution.ts';
import { baseUrl, kubernetesOf } from '../node-kubernetes.ts';
import { bridgeNetwork, POD_ROUTES_PROGRAM, POD_ROUTES_SERVICE, POD_ROUTES_TIMER, podRoutesAccess } from './bridge.ts';
import { configurationDocuments, imageDocuments, initDocuments, joinDocument, upgradeDocument } from './documents.ts';
import {
  CONTAINERD_MINIMUMS,
  CONTAINERD_UNIT,
  containerdConfig,
  KERNEL_MODULES,
  KERNEL_SETTINGS,
  KUBELET_DROP_IN,
  KUBELET_UNIT,
  RUNTIME_RELEASES,
  registryHosts,
} from './runtime.ts';

/** Where first boot puts what the guest library works with; not below /etc/kubernetes, which is a folder of the state disk. */
const FOLDER = '/etc/kreconcile/kubeadm';

/** Seconds within which the API server must answer where an operation cannot go on without it. */
const API_WAIT_SECONDS = 900;

/** Every file of a kubeadm node's first boot. None holds a secret. */
export function firstBootFiles(node: NodeContext): readonly SeedFile[] {
  const spec = kubernetesOf(node);
  const isControlPlane = spec.role === 'control-plane';
  return [
    ...(isControlPlane
      ? [
          file(`${FOLDER}/init.yaml`, initDocuments(node), '0600'),
          ...(node.joins ? [file(`${FOLDER}/join.yaml`, joinDocument(node))] : []),
        ]
      : [file(`${FOLDER}/join.yaml`, joinDocument(node))]),
    file(`${FOLDER}/images.yaml`, imageDocuments(node)),
    file(`${FOLDER}/configuration.yaml`, configurationDocuments(node), '0600'),
    file(`${FOLDER}/containerd-v2.toml`, containerdConfig(2)),
    file(`${FOLDER}/containerd-v3.toml`, containerdConfig(3)),
    file(`${FOLDER}/containerd.service`, CONTAINERD_UNIT),
    file(`${FOLDER}/kubelet.service`, KUBELET_UNIT),
    file(`${FOLDER}/10-kubeadm.conf`, KUBELET_DROP_IN),
    file('/etc/modules-load.d/kreconcile.conf', KERNEL_MODULES),
    file('/etc/sysctl.d/90-kreconcile.conf', KERNEL_SETTINGS),
    ...spec.registries.map((registry) =>
      file(`/etc/containerd/certs.d/${registry.host}/hosts.toml`, registryHosts(registry)),
    ),
    ...networkFiles(node),
  ];
}

function networkFiles(node: NodeContext): readonly SeedFile[] {
  const { cni, role } = kubernetesOf(node);
  if (cni.plugin === 'bridge') {
    return [
      file(`${FOLDER}/10-kreconcile.conflist`, bridgeNetwork()),
      file(`${FOLDER}/pod-routes.yaml`, podRoutesAccess()),
      file('/usr/local/libexec/kreconcile/pod-routes', POD_ROUTES_PROGRAM, '0755'),
      file('/etc/systemd/system/kreconcile-pod-routes.service', POD_ROUTES_SERVICE),
      file('/etc/systemd/system/kreconcile-pod-routes.timer', POD_ROUTES_TIMER),
    ];
  }
  const isApplied = cni.plugin === 'manifest' && role === 'control-plane' && node.cluster.cniManifest !== null;
  return isApplied ? [file(`${FOLDER}/cni.yaml`, node.cluster.cniManifest ?? '')] : [];
}

/** Settings of the guest library. The mirrors are laid out as the official sites are; each upgrade brings its configuration along. */
export function settings(node: NodeContext): Readonly<Record<string, string>> {
  const { mirrors, cni } = kubernetesOf(node);
  const github = (project: string) => `https://github.com/${project}/releases/download`;
  return {
    KUBERNETES_MIRROR: baseUrl(mirrors.kubernetes, 'https://dl.k8s.io'),
    CONTAINERD_MIRROR: baseUrl(mirrors.containerd, github('containerd/containerd')),
    CONTAINERD_VERSION: RUNTIME_RELEASES.containerd,
    CONTAINERD_RULES: CONTAINERD_MINIMUMS.map(({ minor, containerd }) => `${minor}:${containerd}`).join(' '),
    RUNC_MIRROR: baseUrl(mirrors.runc, github('opencontainers/runc')),
    RUNC_VERSION: RUNTIME_RELEASES.runc,
    CNI_PLUGINS_MIRROR: baseUrl(mirrors.cniPlugins, github('containernetworking/plugins')),
    CNI_PLUGINS_VERSION: RUNTIME_RELEASES.cniPlugins,
    CNI_PLUGIN: cni.plugin,
    CNI_MANIFEST: cni.plugin === 'manifest' && node.cluster.cniManifest === null ? (cni.manifest ?? '') : '',
    UPGRADE_CONFIGURATION: upgradeDocument(node),
    API_WAIT_SECONDS: String(Math.min(API_WAIT_SECONDS, Math.ceil(node.cluster.deadlines.readyMs / 1000))),
  };
}

function file(path: string, content: string, permissions = '0644'): SeedFile {
  return { path, content, permissions };
}
