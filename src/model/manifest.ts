import type { DriftField, DriftMode } from './drift.ts';
import type { SourcePosition } from './error.ts';

/** The manifests of one revision as read, before references are resolved. `src/manifest` validates them with zod. */
export const API_VERSION = 'kreconcile.dev/v1alpha1';

export type DistributionName = 'k3s' | 'kubeadm';
export type OsName = 'debian' | 'ubuntu';
export type PruneMode = 'Disabled' | 'Confirm' | 'Enabled';
export type DeletionPolicy = 'Retain' | 'Delete';
export type PowerState = 'On' | 'Off';
/** `InPlaceOnly`: a change that takes a new root disk is blocked. */
export type UpgradeStrategy = 'Auto' | 'InPlaceOnly';
/** What is done about a node that is not healthy, in the order in which it gets harsher. */
export type RemedyAction = 'restart' | 'reset' | 'recreate';

/** A quantity as Kubernetes writes it: `2Gi`, `500M`, `1073741824`. */
export type Quantity = string | number;
/** A duration as Go writes it: `90s`, `15m`, `1h30m`. */
export type Duration = string;

export interface Metadata {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

export interface Placement {
  readonly host?: string | undefined;
}

export interface Access {
  /** Login user; default the image's own (`debian`, `ubuntu`). */
  readonly user?: string | undefined;
  readonly sshAuthorizedKeys?: readonly string[] | undefined;
}

export interface RegistryMirror {
  /** Registry as image names write it, for example `registry.k8s.io`. */
  readonly host: string;
  /** Base URLs tried in order. */
  readonly mirrors: readonly string[];
  /** Accept any certificate. Default false. */
  readonly insecure?: boolean | undefined;
}

/** Where releases come from; each is laid out as the official site is. */
export interface ReleaseMirrors {
  /** Default `https://dl.k8s.io`: `<url>/release/<version>/bin/linux/<arch>/kubeadm` and `.sha256`. */
  readonly kubernetes?: string | undefined;
  /** Default `https://github.com/k3s-io/k3s/releases/download`: `<url>/<tag>/k3s`, `sha256sum-amd64.txt`. */
  readonly k3s?: string | undefined;
  /** Default `https://github.com/containerd/containerd/releases/download`. */
  readonly containerd?: string | undefined;
  /** Default `https://github.com/opencontainers/runc/releases/download`. */
  readonly runc?: string | undefined;
  /** Default `https://github.com/containernetworking/plugins/releases/download`. */
  readonly cniPlugins?: string | undefined;
}

export interface Cni {
  /** `bridge`: kreconcile writes a plain bridge configuration; `manifest`: apply `manifest`; `none`: somebody else does. */
  readonly plugin: 'bridge' | 'manifest' | 'none';
  /** With `manifest`: a URL, or a path inside the repository relative to the manifest folder. */
  readonly manifest?: string | undefined;
}

export interface Timeouts {
  /** Domain started until its guest agent answers. Default 10m. */
  readonly boot?: Duration | undefined;
  /** Guest answers until the node is Ready. Default 15m. */
  readonly ready?: Duration | undefined;
  readonly upgrade?: Duration | undefined;
  readonly drain?: Duration | undefined;
  /** Clean shutdown asked until the power is cut. Default 2m. */
  readonly shutdown?: Duration | undefined;
}

export interface NodePool {
  readonly name: string;
  readonly replicas: number;
  readonly machineClass: string;
}

/** How changes of the nodes of a Cluster, or of a Machine, are carried out. */
export interface ChangePolicy {
  readonly strategy?: UpgradeStrategy | undefined;
  /** How long a replaced root disk is kept after the new one was proven. Default 24h. */
  readonly keepFor?: Duration | undefined;
}

/** When disruptions may begin, or may not. */
export interface Window {
  readonly kind: 'allow' | 'deny';
  /** In the syntax of node-cron. */
  readonly schedule: string;
  readonly duration: Duration;
  /** Default UTC. */
  readonly timeZone?: string | undefined;
  /** Of an allowing window: how long after its end a rollout that is under way may go on to its next machines. Default none. */
  readonly overrun?: Duration | undefined;
}

/** What happens when somebody changes machines behind kreconcile's back. */
export interface Drift {
  readonly mode?: DriftMode | undefined;
  readonly ignore?: readonly DriftField[] | undefined;
}

/** What is done about nodes that are not healthy. */
export interface Remediation {
  readonly actions: readonly RemedyAction[];
  /** How long a node must be unhealthy before anything is done. Default 5m. */
  readonly after?: Duration | undefined;
  /** From one action to the next on the same node. Default 10m. */
  readonly pause?: Duration | undefined;
  /** Share of the cluster's nodes beyond which nothing is done: `40%`. */
  readonly maxUnhealthy?: string | undefined;
  /** Actions on one node within 24 h. Default 3. */
  readonly maxTries?: number | undefined;
}

/** Policies that Cluster and Machine share. */
export interface ObjectPolicies {
  readonly placement?: Placement | undefined;
  readonly powerState?: PowerState | undefined;
  readonly suspend?: boolean | undefined;
  readonly prune?: { readonly mode?: PruneMode | undefined } | undefined;
  readonly deletionPolicy?: DeletionPolicy | undefined;
  readonly timeouts?: Timeouts | undefined;
  readonly windows?: readonly Window[] | undefined;
  readonly drift?: Drift | undefined;
}

export interface ClusterSpec extends ObjectPolicies {
  readonly distribution: DistributionName;
  /** As the distribution writes it: `v1.36.1`, `v1.36.4+k3s1`. */
  readonly version: string;
  readonly image: string;
  readonly controlPlane: {
    readonly replicas?: number | undefined;
    readonly machineClass: string;
    /** Fixed addresses, one per replica, inside the Network's subnet. */
    readonly addresses?: readonly string[] | undefined;
  };
  readonly workers?: readonly NodePool[] | undefined;
  readonly network?: string | undefined;
  /** Published API name or address, optionally with a port. Also a TLS SAN. */
  readonly endpoint?: string | undefined;
  readonly podCIDR?: string | undefined;
  readonly serviceCIDR?: string | undefined;
  readonly cni?: Cni | undefined;
  readonly registries?: readonly RegistryMirror[] | undefined;
  readonly mirrors?: ReleaseMirrors | undefined;
  /** The distribution's own keys; k3s: config.yaml, kubeadm: one key per configuration kind. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  readonly access?: Access | undefined;
  readonly keepPaths?: readonly string[] | undefined;
  readonly upgrade?:
    | (ChangePolicy & {
        readonly maxUnavailable?: number | undefined;
        /** Versions on the way to `version`, lowest first. */
        readonly versions?: readonly string[] | undefined;
      })
    | undefined;
  readonly backup?:
    | {
        readonly maxAge?: Duration | undefined;
        readonly keep?: number | undefined;
        /** Five fields of cron. */
        readonly schedule?: string | undefined;
        readonly timeZone?: string | undefined;
      }
    | undefined;
  readonly remediation?: Remediation | undefined;
}

export interface MachineSpec extends ObjectPolicies {
  readonly image: string;
  readonly machineClass: string;
  readonly network?: string | undefined;
  readonly address?: string | undefined;
  readonly access?: Access | undefined;
  /** cloud-init user-data that is merged after our own; `#cloud-config` text. */
  readonly userData?: string | undefined;
  /** Whether the machine counts as ready only when its guest agent answers. Default true. */
  readonly guestAgent?: boolean | undefined;
  readonly upgrade?: ChangePolicy | undefined;
}

export interface MachineClassSpec {
  readonly cpus: number;
  readonly memory: Quantity;
  readonly disk: Quantity;
  /** Default 20Gi for Kubernetes nodes, none for Machines. */
  readonly stateDisk?: Quantity | undefined;
  readonly cpuMode?: 'host-passthrough' | 'host-model' | 'maximum' | undefined;
  readonly firmware?: 'bios' | 'efi' | undefined;
}

export interface ImageSpec {
  readonly os: OsName;
  readonly version: string;
  readonly arch?: 'x86_64' | 'aarch64' | undefined;
  readonly url: string;
  readonly mirrors?: readonly string[] | undefined;
  /** `sha256:<hex>` or `sha512:<hex>`. */
  readonly checksum: string;
  readonly format?: 'qcow2' | 'raw' | undefined;
}

export interface NetworkSpec {
  /** An existing libvirt network; exactly one of `libvirtNetwork` and `bridge`. */
  readonly libvirtNetwork?: string | undefined;
  /** An existing host bridge. */
  readonly bridge?: string | undefined;
  /** With static addresses: `192.168.10.0/24`. */
  readonly subnet?: string | undefined;
  readonly range?: { readonly start: string; readonly end: string } | undefined;
  readonly gateway?: string | undefined;
  readonly dns?: readonly string[] | undefined;
}

interface Document<K extends string, S> {
  readonly kind: K;
  readonly metadata: Metadata;
  readonly spec: S;
  /** Where the document starts, for messages. */
  readonly at: SourcePosition;
}
export type ClusterManifest = Document<'Cluster', ClusterSpec>;
export type MachineManifest = Document<'Machine', MachineSpec>;
export type MachineClassManifest = Document<'MachineClass', MachineClassSpec>;
export type ImageManifest = Document<'Image', ImageSpec>;
export type NetworkManifest = Document<'Network', NetworkSpec>;
export type Manifest = ClusterManifest | MachineManifest | MachineClassManifest | ImageManifest | NetworkManifest;
export type Kind = Manifest['kind'];

/** All manifests of one revision, references checked. `files` holds repository files that manifests name (CNI manifests). */
export interface ManifestSet {
  readonly revision: string;
  readonly manifests: readonly Manifest[];
  readonly files: Readonly<Record<string, string>>;
}
