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
  return `${image('debian-12', artifacts.debian.checksum)}${image('tiny', artifacts.tiny.checksum)}---
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

export function kubeadmCluster(site: LabSite, version: string = kubernetesVersions.first): object {
  return {
    apiVersion,
    kind: 'Cluster',
    metadata: { name: 'lab' },
    spec: {
      distribution: 'kubeadm',
      version,
      image: 'debian-12',
      controlPlane: { replicas: 1, machineClass: 'node' },
      podCIDR: '10.244.0.0/16',
      serviceCIDR: '10.96.0.0/12',
      cni: { plugin: 'bridge' },
      mirrors: {
        kubernetes: `${site.mirrorUrl}/kubernetes`,
        containerd: `${site.mirrorUrl}/containerd/releases/download`,
      },
      timeouts: { boot: '20m', ready: '60m', upgrade: '60m', shutdown: '5m' },
      prune: { mode: 'Enabled' },
      deletionPolicy: 'Delete',
      config: { InitConfiguration: { timeouts }, UpgradeConfiguration: { timeouts } },
    },
  };
}
