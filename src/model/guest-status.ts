/**
 * What the in-guest program's `status` verb answers: one JSON of at most 64 KiB, parsed leniently (unknown keys
 * ignored, a missing key is `null`). The guest is not trusted: no value here becomes a path or a command on the host.
 */
export interface GuestStatus {
  /** Digest of the installed in-guest program, `sha256:<hex>`. */
  readonly program: string;
  /** /proc/sys/kernel/random/boot_id. */
  readonly bootId: string;
  readonly hostname: string | null;
  readonly os: { readonly id: string; readonly version: string } | null;
  /** `cloud-init status`: what first boot is doing. */
  readonly cloudInit: 'not-run' | 'running' | 'done' | 'error' | 'absent';
  readonly addresses: readonly { readonly mac: string; readonly address: string }[];
  readonly stateDisk: GuestStateDisk;
  readonly kubernetes: GuestKubernetes | null;
  /** First 200 characters of /etc/kreconcile/veto, which forbids disruptions while it stands; absent or `null`: no such file. */
  readonly veto?: string | null;
  /** Operations that the guest remembers, newest last, at most 20. */
  readonly operations: readonly GuestOperation[];
}

/** `foreign`: a filesystem that is not ours is on it; `missing`: no disk with the serial; both keep services down. */
export type GuestStateDisk = 'none' | 'mounted' | 'missing' | 'foreign' | 'blank-refused';

export interface GuestOperation {
  readonly id: string;
  readonly verb: string;
  readonly state: 'running' | 'succeeded' | 'failed';
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  /** Last line of progress, or the error; at most 500 characters. */
  readonly message: string;
  /** Small result values (a backup's sha256 and size). */
  readonly result: Readonly<Record<string, string>>;
}

export interface GuestKubernetes {
  /**
   * `absent`: nothing installed; `installed`: binaries and configuration there, not initialised or joined;
   * `initialised`: member of a cluster. Says nothing about health.
   */
  readonly phase: 'absent' | 'installed' | 'initialised';
  /** Version of the binary that runs (or would run) the node, as the distribution writes it. */
  readonly version: string | null;
  /** Version that the local API server reports; absent or `null` while unknown and on workers. */
  readonly apiVersion?: string | null;
  /** Main service (kubelet, k3s) active. */
  readonly serviceActive: boolean;
  /** `/readyz` of the local API server; `null` on a worker. */
  readonly apiReady: boolean | null;
  /** Versions staged and verified for an upgrade. */
  readonly staged: readonly string[];
  /** Control planes only, at most 200. */
  readonly nodes: readonly GuestNode[];
  readonly nodesTotal: number;
  /** Digest of the kubeconfig the guest would hand out, `sha256:<hex>`: a renewed certificate changes it. */
  readonly kubeconfigDigest: string | null;
  /** Earliest expiry of the cluster's certificates, ms since epoch. */
  readonly certificatesExpireAtMs: number | null;
  /** UID of the kube-system namespace: the identity of the cluster's data. */
  readonly clusterUid: string | null;
}

export interface GuestNode {
  readonly name: string;
  readonly ready: boolean;
  /** status.nodeInfo.kubeletVersion. */
  readonly version: string;
  /** Age of the last heartbeat (lease renewal) by the guest's own clock, ms. */
  readonly heartbeatAgeMs: number | null;
  readonly unschedulable: boolean;
  /** Cordoned by us: the annotation kreconcile.dev/cordoned stands on the node. */
  readonly cordonedByUs: boolean;
  /** Pods on it that a drain would evict. */
  readonly evictablePods: number | null;
}
