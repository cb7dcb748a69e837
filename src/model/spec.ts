import type { Cni, DistributionName, OsName, RegistryMirror, ReleaseMirrors } from './manifest.ts';

/**
 * The spec of one machine with every reference followed and every default filled in: what a commit asks of it. It is
 * kept as JSON in the domain's mark when applied, so it holds only what manifests give: never rendered text, and of
 * secrets and long texts only a digest. Desired and applied are compared field by field (`plan/change.ts` holds the
 * class of each). A field that is absent in an older mark means "as it was": adding fields disturbs nothing.
 */
export interface AppliedSpec {
  readonly image: ImageRef;
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly diskMiB: number;
  /** `null`: no state disk. */
  readonly stateDiskMiB: number | null;
  readonly cpuMode: 'host-passthrough' | 'host-model' | 'maximum';
  readonly firmware: 'bios' | 'efi';
  readonly network: NetworkRef;
  /** The address that a manifest asks for; `null` where it is allotted or left to DHCP. */
  readonly address: string | null;
  readonly access: { readonly user: string | null; readonly sshAuthorizedKeys: readonly string[] };
  /** `sha256:<hex>` of the Machine's user-data; `null` if none. */
  readonly userDataDigest: string | null;
  readonly kubernetes: KubernetesSpec | null;
}

export interface ImageRef {
  /** `sha256:<hex>` or `sha512:<hex>`. The identity of the image: a new digest is a new root disk. */
  readonly digest: string;
  readonly os: OsName;
  readonly version: string;
  readonly arch: 'x86_64' | 'aarch64';
  readonly format: 'qcow2' | 'raw';
}

export interface NetworkRef {
  /** Name of the Network object. */
  readonly name: string;
  readonly attach: { readonly kind: 'network' | 'bridge'; readonly name: string };
  /** Given for static addressing; `null` means DHCP. */
  readonly addressing: StaticAddressing | null;
}

export interface StaticAddressing {
  readonly subnet: string;
  readonly range: { readonly start: string; readonly end: string } | null;
  readonly gateway: string | null;
  readonly dns: readonly string[];
}

export interface KubernetesSpec {
  readonly distribution: DistributionName;
  readonly version: string;
  readonly role: 'control-plane' | 'worker';
  /** Name that every guest resolves to the API server: the published endpoint's host, else `<cluster>.kreconcile.internal`. */
  readonly endpointHost: string;
  readonly podCIDR: string;
  readonly serviceCIDR: string;
  readonly cni: Cni;
  readonly registries: readonly RegistryMirror[];
  readonly mirrors: ReleaseMirrors;
  readonly config: Readonly<Record<string, unknown>>;
  /** What must outlive the root disk: the distribution's paths and the manifest's keepPaths, sorted. */
  readonly keepPaths: readonly string[];
}
