import type { RegistryMirror } from '../../../model/manifest.ts';

/** Releases that are taken where neither image nor OS has a fitting one; seen released in 2026. */
export const RUNTIME_RELEASES = { containerd: '2.3.2', runc: '1.4.3', cniPlugins: '1.9.1' } as const;

/**
 * Oldest containerd for a Kubernetes minor, newest minor first: 1.36 needs 2.0 (kubernetes.io, announced with 1.35, the last one
 * for containerd 1.x); 1.7 is the oldest that speaks the CRI of those before.
 */
export const CONTAINERD_MINIMUMS = [
  { minor: 36, containerd: '2.0.0' },
  { minor: 0, containerd: '1.7.0' },
] as const;

/** `@SANDBOX@` becomes kubeadm's own pause image in the guest. */
export function containerdConfig(dialect: 2 | 3): string {
  return dialect === 3
    ? `version = 3
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '@SANDBOX@'
[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = '/etc/containerd/certs.d'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  SystemdCgroup = true
`
    : `version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "@SANDBOX@"
[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "/etc/containerd/certs.d"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  SystemdCgroup = true
`;
}

/** containerd's hosts.toml for one registry: the mirrors in order, and then the registry itself. */
export function registryHosts(registry: RegistryMirror): string {
  const server = registry.host === 'docker.io' ? 'registry-1.docker.io' : registry.host;
  const hosts = registry.mirrors.map((mirror) =>
    [
      `[host.${tomlString(mirror)}]`,
      '  capabilities = ["pull", "resolve"]',
      ...(registry.insecure ? ['  skip_verify = true'] : []),
      ...(hasPath(mirror) ? ['  override_path = true'] : []),
    ].join('\n'),
  );
  return `${[`server = ${tomlString(`https://${server}`)}`, ...hosts].join('\n\n')}\n`;
}

/** containerd puts `/v2` behind a mirror's host by itself, but not where the mirror already names its path up to there. */
function hasPath(mirror: string): boolean {
  return /\/v2(\/|$)/.test(mirror.replace(/^[a-z]+:\/\/[^/]*/, ''));
}

/** A basic string of TOML, which escapes as JSON does. */
function tomlString(text: string): string {
  return JSON.stringify(text);
}

export const CONTAINERD_UNIT = `[Unit]
Description=containerd container runtime
After=network.target local-fs.target

[Service]
Type=notify
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/local/bin/containerd
Delegate=yes
KillMode=process
Restart=always
RestartSec=5
OOMScoreAdjust=-999
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity

[Install]
WantedBy=multi-user.target
`;

export const KUBELET_UNIT = `[Unit]
Description=Kubernetes node agent
After=network-online.target containerd.service
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
ExecStart=/usr/local/bin/kubelet
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target
`;

/** The files that kubeadm writes and the kubelet reads, as kubeadm's documentation of the kubelet drop-in names them. */
export const KUBELET_DROP_IN = `[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=@KUBELET@ $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
`;

export const KERNEL_MODULES = 'overlay\nbr_netfilter\n';

export const KERNEL_SETTINGS = `net.bridge.bridge-nf-call-iptables = 1
net.bridge.bridge-nf-call-ip6tables = 1
net.ipv4.ip_forward = 1
fs.inotify.max_user_instances = 8192
fs.inotify.max_user_watches = 524288
`;
