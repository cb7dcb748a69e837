/** The Kubernetes objects of a simulated cluster. */
import type { KubeObject, SimCluster, SimNode } from '../cluster-state.ts';
import type { ResourceKind } from './discovery.ts';

const ownNamespaces = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

/** All objects of a kind, of one namespace if it is given, sorted as etcd would. */
export function objectsOf(
  cluster: SimCluster,
  resource: ResourceKind,
  namespace: string | null,
): readonly KubeObject[] {
  if (resource.name === 'nodes')
    return Object.values(cluster.nodes)
      .sort(byName)
      .map((node) => nodeObject(cluster, node));
  const stored = Object.entries(cluster.objects)
    .filter(([key]) => key.startsWith(`${resource.name}/${namespace === null ? '' : `${namespace}/`}`))
    .map(([, object]) => object);
  if (resource.name !== 'namespaces') return stored;
  const own = ownNamespaces.map((name) => namespaceObject(cluster, name));
  return [...own, ...stored].sort((a, b) => byName(a.metadata, b.metadata));
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}

/** The UID of kube-system is the identity of the cluster's data. */
function namespaceObject(cluster: SimCluster, name: string): KubeObject {
  const uid = name === 'kube-system' ? cluster.uid : `${cluster.uid.slice(0, -4)}${ownNamespaces.indexOf(name)}000`;
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, uid, resourceVersion: '1', creationTimestamp: timestamp(cluster.createdAtMs) },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
}

function nodeObject(cluster: SimCluster, node: SimNode): KubeObject {
  const labels = { 'kubernetes.io/hostname': node.name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' };
  const role = node.role === 'control-plane' ? { 'node-role.kubernetes.io/control-plane': '' } : {};
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node.name,
      uid: node.uid,
      resourceVersion: String(cluster.resourceVersion),
      creationTimestamp: timestamp(node.createdAtMs),
      labels: { ...labels, ...role },
      annotations: node.cordonedByUs ? { 'kreconcile.dev/cordoned': 'true' } : {},
    },
    spec: node.unschedulable ? { unschedulable: true } : {},
    status: nodeStatus(node),
  };
}

function nodeStatus(node: SimNode): object {
  const status = node.ready ? 'True' : node.lostAtMs === null ? 'False' : 'Unknown';
  return {
    conditions: [
      {
        type: 'Ready',
        status,
        reason: node.ready ? 'KubeletReady' : status === 'Unknown' ? 'NodeStatusUnknown' : 'KubeletNotReady',
        message: node.ready ? 'kubelet is posting ready status' : 'the simulated kubelet is not ready',
      },
    ],
    addresses: [
      ...(node.address === null ? [] : [{ type: 'InternalIP', address: node.address }]),
      { type: 'Hostname', address: node.name },
    ],
    nodeInfo: {
      kubeletVersion: node.version,
      kubeProxyVersion: node.version,
      osImage: 'simulated',
      kernelVersion: 'simulated',
      containerRuntimeVersion: 'simulated://1',
      architecture: 'amd64',
      operatingSystem: 'linux',
    },
  };
}

/** As the API writes times: RFC 3339 in whole seconds. */
export function timestamp(atMs: number): string {
  return new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z');
}
