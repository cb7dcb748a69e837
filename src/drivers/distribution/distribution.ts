import type { DesiredCluster, DesiredMachine, Recipe } from '../../model/desired.ts';
import type { ClusterSpec, DistributionName } from '../../model/manifest.ts';
import type { SeedFile } from '../../model/seed.ts';

/**
 * The distribution role: pure. It says in data what first boot writes, which paths must outlive the root disk, and what the verbs of
 * the in-guest program get as input; the shell that carries the verbs out is `guestLibrary`.
 */
export interface Distribution {
  readonly name: DistributionName;
  /**
   * POSIX sh that defines `kube`, `dist_bootstrap`, `dist_join`, `dist_stage`, `dist_backup`, `dist_upgrade`, `dist_rollback`,
   * `dist_restore`, `dist_renew_certificates`, `dist_restart`, `dist_remove_member`, `dist_join_info`, `dist_kubeconfig`, `dist_api_ca`, `dist_status` and `node_kube`; docs/drivers.md states the promise of each.
   */
  readonly guestLibrary: string;
  /** Rules as data for the planner. */
  recipe(spec: ClusterSpec): Recipe;
  /** Problems in `spec.config` and `spec.version` that only the distribution can see, as sentences with the path. */
  check(spec: ClusterSpec): readonly { readonly path: string; readonly message: string; readonly allowed: string }[];
  /** Secrets that must exist before a node's first boot; generated on the host, kept 0600 there. */
  readonly secrets: readonly SecretRequest[];
  /** Files of first boot beside the in-guest program; those that hold a secret are listed with `secret`. */
  firstBootFiles(
    node: NodeContext,
    secrets: Readonly<Record<string, string>>,
  ): readonly (SeedFile & { readonly secret: boolean })[];
  /** Settings of the in-guest program (`/etc/kreconcile/node.env`), no secrets. Keys are upper-case names. */
  settings(node: NodeContext): Readonly<Record<string, string>>;
  /** Where a worker's join input comes from. */
  readonly joinSource: 'control-plane' | 'secrets';
  /** Input of the `join` verb; `minted` is the control plane's `join-info` answer or the secrets. */
  joinInput(node: NodeContext, minted: Readonly<Record<string, string>>): Readonly<Record<string, string>>;
}

export interface SecretRequest {
  readonly name: string;
  /** Random bytes, written as hex. */
  readonly bytes: number;
}

/** One node with what is known about its place when it is rendered. */
export interface NodeContext {
  readonly machine: DesiredMachine;
  readonly cluster: DesiredCluster;
  /** The node's own stable address; `null` for DHCP workers. */
  readonly address: string | null;
  /** Address of the first control plane; `null` while it is not known. */
  readonly controlPlaneAddress: string | null;
  /** Architecture as the distribution's downloads name it: `amd64`, `arm64`. */
  readonly arch: 'amd64' | 'arm64';
  /** A control plane that joins the cluster of another one instead of making it; absent: it makes it. */
  readonly joins?: boolean;
}
