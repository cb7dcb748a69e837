/** A simulated cluster: what its datastore holds, and what the API server and the guests report of it. */
export interface SimCluster {
  readonly uid: string;
  readonly name: string;
  readonly distribution: string;
  readonly apiPort: number;
  readonly createdAtMs: number;
  /** UUIDs of the domains that are control planes: the members of the datastore. */
  controlPlanes: string[];
  certificates: { readonly serial: number; readonly expireAtMs: number };
  /** By name. */
  nodes: Record<string, SimNode>;
  tokens: { readonly token: string; readonly expiresAtMs: number }[];
  /** Kubernetes objects that users made, by `<resource>/<namespace or empty>/<name>`. */
  objects: Record<string, KubeObject>;
  resourceVersion: number;
}

export interface SimNode {
  readonly name: string;
  readonly uid: string;
  readonly role: 'control-plane' | 'worker';
  readonly createdAtMs: number;
  /** UUID of the machine that it runs on. */
  machine: string;
  address: string | null;
  version: string;
  ready: boolean;
  /** Last heartbeat of a node that no longer sends any; `null` while it does. */
  lostAtMs: number | null;
  unschedulable: boolean;
  cordonedByUs: boolean;
  evictablePods: number;
  /** Volumes in use on it outside the kept paths, as `survey` tells them. */
  localData?: string;
}

/** A Kubernetes object as JSON. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: KubeMetadata;
  readonly [key: string]: unknown;
}

export interface KubeMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}
