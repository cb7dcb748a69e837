import { kubernetesVersions } from './artifacts.ts';
import type { LabSite } from './site.ts';

/** Manifests of the lab. Deadlines are ten times what an emulated guest was seen to need. */
const apiVersion = 'kreconcile.dev/v1alpha1';

export function images({ artifacts, imagesUrl }: LabSite): string {
  const image = (name: string, checksum: string) => `---
apiVersion: ${apiVersion}
kind: Image
metadata: {name: ${name}}
spec: {os: debian, version: "12", arch: x86_64, url: ${imagesUrl}/lab-${name}.qcow2, checksum: "${checksum}"}
`;
  const all = [
    image('debian-12', artifacts.debian.checksum),
    image('debian-12-next', artifacts.debianNext.checksum),
    image('debian-12-broken', artifacts.debianBroken.checksum),
    image('tiny', artifacts.tiny.checksum),
  ];
  return `${all.join('')}---
apiVersion: ${apiVersion}
kind: MachineClass
metadata: {name: tiny}
spec: {cpus: 1, memory: 256Mi, disk: 1Gi, cpuMode: maximum}
---
apiVersion: ${apiVersion}
kind: MachineClass
metadata: {name: node}
spec: {cpus: 2, memory: 3Gi, disk: 10Gi, stateDisk: 5Gi, cpuMode: maximum}
`;
}

export function tinyMachine(name: string, extra: object = {}): object {
  return {
    apiVersion,
    kind: 'Machine',
    metadata: { name },
    spec: { image: 'tiny', machineClass: 'tiny', timeouts: { boot: '10m' }, ...extra },
  };
}

const timeouts = {
  controlPlaneComponentHealthCheck: '30m0s',
  kubeletHealthCheck: '20m0s',
  kubernetesAPICall: '10m0s',
  etcdAPICall: '10m0s',
  tlsBootstrap: '30m0s',
  discovery: '30m0s',
  upgradeManifests: '30m0s',
};

/** What a commit changes of the lab's cluster. */
export interface ClusterChange {
  readonly version?: string;
  readonly image?: 'debian-12' | 'debian-12-next' | 'debian-12-broken';
  /** Base URL of another release mirror. */
  readonly kubernetesMirror?: string;
  readonly workers?: number;
  readonly timeouts?: object;
  /** How long kubeadm waits for each component that it upgrades, as kubeadm writes durations. */
  readonly manifestsTimeout?: string;
  /** Pods that a kubelet takes at most, and how long the API server keeps events: what kubeadm configured when it made the node. */
  readonly maxPods?: number;
  readonly eventTtl?: string;
}

/** A kubeadm cluster of one control plane, as the site's images and mirrors serve it. */
export function kubeadmCluster(site: LabSite, change: ClusterChange = {}): object {
  return {
    apiVersion,
    kind: 'Cluster',
    metadata: { name: 'lab' },
    spec: {
      distribution: 'kubeadm',
      version: change.version ?? kubernetesVersions.first,
      image: change.image ?? 'debian-12',
      controlPlane: { replicas: 1, machineClass: 'node' },
      ...(change.workers ? { workers: [{ name: 'general', replicas: change.workers, machineClass: 'node' }] } : {}),
      podCIDR: '10.244.0.0/16',
      serviceCIDR: '10.96.0.0/12',
      cni: { plugin: 'bridge' },
      mirrors: {
        kubernetes: change.kubernetesMirror ?? `${site.mirrorUrl}/kubernetes`,
        containerd: `${site.mirrorUrl}/containerd/releases/download`,
      },
      timeouts: { boot: '20m', ready: '60m', upgrade: '60m', shutdown: '5m', ...change.timeouts },
      prune: { mode: 'Enabled' },
      deletionPolicy: 'Delete',
      config: {
        InitConfiguration: { timeouts },
        UpgradeConfiguration: {
          timeouts: { ...timeouts, upgradeManifests: change.manifestsTimeout ?? timeouts.upgradeManifests },
        },
        ...(change.maxPods ? { KubeletConfiguration: { maxPods: change.maxPods } } : {}),
        ...(change.eventTtl
          ? { ClusterConfiguration: { apiServer: { extraArgs: [{ name: 'event-ttl', value: change.eventTtl }] } } }
          : {}),
      },
    },
  };
}
