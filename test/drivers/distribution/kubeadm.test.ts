import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { ClusterSpec } from '../../../src/model/manifest.ts';
import { distributionContract } from './contract.ts';
import { expectGolden } from './golden.ts';
import { kubeadm } from './libraries.ts';
import { type NodeChanges, nodeOf } from './nodes.ts';

const version = 'v1.36.1';
const spec: ClusterSpec = {
  distribution: 'kubeadm',
  version,
  image: 'debian-13',
  controlPlane: { machineClass: 'small' },
};
const node = (role: 'control-plane' | 'worker', changes: NodeChanges = {}) =>
  nodeOf(kubeadm.recipe(spec), { distribution: 'kubeadm', version }, role, changes);

const own = {
  InitConfiguration: { timeouts: { controlPlaneComponentHealthCheck: '15m0s' }, skipPhases: ['addon/kube-proxy'] },
  ClusterConfiguration: {
    apiServer: { certSANs: ['extra.example'], extraArgs: [{ name: 'audit-log-maxage', value: '7' }] },
  },
  UpgradeConfiguration: { timeouts: { upgradeManifests: '15m0s' } },
  KubeletConfiguration: { maxPods: 50 },
  KubeProxyConfiguration: { mode: 'nftables' },
};

distributionContract({
  distribution: kubeadm,
  version,
  config: own,
  configText: 'audit-log-maxage',
  refused: {
    config: { ClusterConfiguration: { networking: { podSubnet: '10.0.0.0/8' } } },
    path: 'spec.config.ClusterConfiguration.networking.podSubnet',
  },
});

describe('kubeadm', () => {
  const documents = (file: string, role: 'control-plane' | 'worker', changes: NodeChanges = {}) =>
    Object.fromEntries(
      parseAllDocuments(
        kubeadm.firstBootFiles(node(role, changes), {}).find(({ path }) => path.endsWith(`/${file}`))?.content ?? '',
      ).map((document) => [document.get('kind'), document.toJS()]),
    );

  it('writes what the golden files show', async () => {
    await expectGolden('kubeadm-control-plane', kubeadm, node('control-plane'));
    await expectGolden('kubeadm-worker', kubeadm, node('worker'));
    await expectGolden(
      'kubeadm-offline',
      kubeadm,
      node('control-plane', {
        cluster: { workers: [], cniManifest: 'kind: List\n' },
        kubernetes: {
          cni: { plugin: 'manifest', manifest: 'networks/flannel.yaml' },
          registries: [
            { host: 'registry.k8s.io', mirrors: ['http://192.168.122.1:5000'], insecure: true },
            { host: 'docker.io', mirrors: ['https://cache.example/v2/dockerhub', 'https://other.example'] },
          ],
          mirrors: { kubernetes: 'http://192.168.122.1:8080/kubernetes' },
          config: own,
        },
      }),
    );
  });

  it('lets pods onto the control plane only where it is the only node, unless the manifest says so', () => {
    const taints = (changes: NodeChanges) =>
      documents('init.yaml', 'control-plane', changes)['InitConfiguration'].nodeRegistration.taints;
    expect(taints({})).toBeUndefined();
    expect(taints({ cluster: { workers: [] } })).toEqual([]);
    const theirs = [{ key: 'own', effect: 'NoSchedule' }];
    const config = { InitConfiguration: { nodeRegistration: { taints: theirs } } };
    expect(taints({ cluster: { workers: [] }, kubernetes: { config } })).toEqual(theirs);
  });

  it("joins lists of the manifest's with its own instead of losing either", () => {
    const init = documents('init.yaml', 'control-plane', { kubernetes: { config: own } });
    expect(init['InitConfiguration'].skipPhases).toEqual(['show-join-command', 'addon/kube-proxy']);
    expect(init['ClusterConfiguration'].apiServer.certSANs).toEqual([
      'api.dev.example',
      '192.168.122.10',
      'extra.example',
    ]);
  });

  it('never lets the manifest change what it owns, even where nobody checked', () => {
    const config = {
      ClusterConfiguration: {
        kind: 'Other',
        apiVersion: 'v1',
        networking: { podSubnet: '10.0.0.0/8', dnsDomain: 'own' },
      },
    };
    const written = documents('init.yaml', 'control-plane', { kubernetes: { config } })['ClusterConfiguration'];
    expect(written.networking).toEqual({ podSubnet: '10.42.0.0/16', serviceSubnet: '10.43.0.0/16', dnsDomain: 'own' });
  });

  it('applies a manifest from a URL in the guest and one of the repository from a file', () => {
    const url = 'https://example.org/cni.yaml';
    const byUrl = node('control-plane', { kubernetes: { cni: { plugin: 'manifest', manifest: url } } });
    expect(kubeadm.settings(byUrl)['CNI_MANIFEST']).toBe(url);
    expect(kubeadm.firstBootFiles(byUrl, {}).filter(({ path }) => path.endsWith('cni.yaml'))).toEqual([]);
  });

  it.each([
    [{ ClusterConfig: {} }, 'spec.config.ClusterConfig'],
    [{ InitConfiguration: [] }, 'spec.config.InitConfiguration'],
    [{ InitConfiguration: { apiVersion: 'kubeadm.k8s.io/v1beta3' } }, 'spec.config.InitConfiguration.apiVersion'],
    [{ KubeletConfiguration: { cgroupDriver: 'cgroupfs' } }, 'spec.config.KubeletConfiguration.cgroupDriver'],
    [
      { JoinConfiguration: { nodeRegistration: { kubeletExtraArgs: [{ name: 'node-ip', value: '::1' }] } } },
      'spec.config.JoinConfiguration.nodeRegistration.kubeletExtraArgs',
    ],
  ])('refuses %j', (config, path) => {
    expect(kubeadm.check({ ...spec, config })).toMatchObject([{ path }]);
  });

  it('refuses a release that does not read v1beta4, a network without its manifest, a registry that is no host', () => {
    expect(kubeadm.check({ ...spec, version: 'v1.30.4' })).toMatchObject([{ path: 'spec.version' }]);
    expect(kubeadm.check({ ...spec, cni: { plugin: 'manifest' } })).toMatchObject([{ path: 'spec.cni.manifest' }]);
    const registries = [{ host: '../etc', mirrors: [] }];
    expect(kubeadm.check({ ...spec, registries })).toMatchObject([{ path: 'spec.registries[0].host' }]);
  });
});
