import { stringify } from 'yaml';

/** `@SUBNET@` becomes the pod subnet that the cluster gave the node. */
export function bridgeNetwork(): string {
  const plugins = [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      // Also towards other nodes: answers come back whether or not they have a route to this node's pods.
      ipMasq: true,
      hairpinMode: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: '@SUBNET@' }]], routes: [{ dst: '0.0.0.0/0' }] },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ];
  return `${JSON.stringify({ cniVersion: '1.0.0', name: 'kreconcile', plugins }, null, 2)}\n`;
}

/**
 * Keeps a route to the pods of each other node: the bridge knows only its own. Routes are marked with a protocol number, so that those of
 * nodes that left are found.
 */
export const POD_ROUTES_PROGRAM = `#!/bin/sh
# Routes to the pods of the other nodes, where the pod network is a plain bridge.
set -u
. "\${KRECONCILE_ROOT:-}/etc/kreconcile/node.env"
config=\${KRECONCILE_ROOT:-}/etc/kubernetes/admin.conf
[ -f "$config" ] || config=\${KRECONCILE_ROOT:-}/etc/kubernetes/kubelet.conf
nodes=$(kubectl --kubeconfig "$config" --request-timeout=20s get nodes -o \\
	'jsonpath={range .items[*]}{.metadata.name} {.spec.podCIDR} {.status.addresses[?(@.type=="InternalIP")].address}{"\\n"}{end}') || exit 1
wanted=$(echo "$nodes" | awk -v own="$NODE_NAME" '$1 != own && $2 ~ /^[0-9.]+\\/[0-9]+$/ && $3 ~ /^[0-9.]+$/ { print $2, $3 }')
echo "$wanted" | while read -r subnet address; do
	[ -z "$subnet" ] || ip route replace "$subnet" via "$address" proto 205
done
ip -4 route show proto 205 | while read -r subnet _; do
	echo "$wanted" | grep -q "^$subnet " || ip route del "$subnet" proto 205
done
`;

export const POD_ROUTES_SERVICE = `[Unit]
Description=Routes to the pods of the other nodes
After=network-online.target

[Service]
Type=oneshot
ExecStart=/usr/local/libexec/kreconcile/pod-routes
`;

export const POD_ROUTES_TIMER = `[Unit]
Description=Routes to the pods of the other nodes, kept

[Timer]
OnActiveSec=1s
OnUnitInactiveSec=30s
AccuracySec=5s

[Install]
WantedBy=timers.target
`;

/** Since Kubernetes 1.32 a node may read no Node but its own (node authorizer): the routes need their names, subnets and addresses. */
export function podRoutesAccess(): string {
  const metadata = { name: 'kreconcile:pod-routes' };
  const api = 'rbac.authorization.k8s.io';
  const role = {
    apiVersion: `${api}/v1`,
    kind: 'ClusterRole',
    metadata,
    rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list'] }],
  };
  const binding = {
    apiVersion: `${api}/v1`,
    kind: 'ClusterRoleBinding',
    metadata,
    roleRef: { apiGroup: api, kind: 'ClusterRole', name: metadata.name },
    subjects: [{ apiGroup: api, kind: 'Group', name: 'system:nodes' }],
  };
  return [role, binding].map((object) => stringify(object)).join('---\n');
}
