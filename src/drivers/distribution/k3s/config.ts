import { stringify } from 'yaml';
import type { RegistryMirror } from '../../../model/manifest.ts';
import type { NodeContext } from '../distribution.ts';
import { apiServerNames, kubernetesOf } from '../node-kubernetes.ts';
import { type ConfigTree, joinLists, listAt } from '../own-keys.ts';

/** `/etc/rancher/k3s/config.yaml`: keys equal k3s' flags. The manifest's own keys stand beside ours; flags of servers do no harm on agents. */
export function configFile(node: NodeContext): string {
  const spec = kubernetesOf(node);
  const ours: ConfigTree = {
    'node-name': node.machine.name,
    'token-file': '/etc/rancher/k3s/token',
    ...(node.address === null ? {} : { 'node-ip': node.address }),
    ...(spec.role === 'control-plane' ? serverKeys(node) : agentKeys(node)),
  };
  // Ours is the whole list of names; k3s would append to it what stands under the key with a plus.
  const { 'tls-san+': _appended, ...config } = spec.config;
  const theirs = node.joins ? withoutInit(config) : config;
  return stringify({ ...theirs, ...ours }, { sortMapEntries: true, lineWidth: 0 });
}

/** A server that joins makes no datastore. */
function withoutInit({ 'cluster-init': _init, ...config }: ConfigTree): ConfigTree {
  return config;
}

function serverKeys(node: NodeContext): ConfigTree {
  const { config, podCIDR, serviceCIDR, cni } = kubernetesOf(node);
  const theirNames = [...listAt(config, ['tls-san']), ...listAt(config, ['tls-san+'])];
  const isOwnNetwork = cni.plugin !== 'bridge';
  return {
    'cluster-cidr': podCIDR,
    'service-cidr': serviceCIDR,
    'tls-san': joinLists<unknown>(apiServerNames(node), theirNames, String),
    'write-kubeconfig-mode': '0600',
    ...(node.joins ? agentKeys(node) : {}),
    ...(isOwnNetwork ? { 'flannel-backend': 'none', 'disable-network-policy': true } : {}),
  };
}

function agentKeys(node: NodeContext): ConfigTree {
  return { server: `https://${kubernetesOf(node).endpointHost}:${node.cluster.apiPort}` };
}

/** `/etc/rancher/k3s/registries.yaml`. The registry itself stays the last resort, as k3s has it. */
export function registriesFile(registries: readonly RegistryMirror[]): string {
  const insecure = registries.filter((registry) => registry.insecure).flatMap((registry) => registry.mirrors);
  const configs = insecure.map((mirror) => [
    mirror.replace(/^[a-z]+:\/\//, '').replace(/\/.*$/, ''),
    { tls: { insecure_skip_verify: true } },
  ]);
  return stringify(
    {
      mirrors: Object.fromEntries(registries.map((registry) => [registry.host, { endpoint: registry.mirrors }])),
      ...(configs.length > 0 ? { configs: Object.fromEntries(configs) } : {}),
    },
    { lineWidth: 0 },
  );
}
