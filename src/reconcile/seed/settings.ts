import type { Distribution, NodeContext } from '../../drivers/distribution/distribution.ts';
import type { OperatingSystem } from '../../drivers/os/os.ts';
import type { DesiredMachine } from '../../model/desired.ts';

export interface SettingsParts {
  readonly machine: DesiredMachine;
  readonly os: OperatingSystem;
  readonly stateNew: boolean;
  /** Bootstrap leaves a control plane at `installed`: a backup is to be brought back. */
  readonly restore: boolean;
  readonly address: string | null;
  /** `null` for a plain machine. */
  readonly node: NodeContext | null;
  readonly distribution: Distribution | null;
}

/** Settings of the in-guest program, `/etc/kreconcile/node.env`. Without secrets: every key of them may be read by who is on the guest. */
export function nodeSettings({
  machine,
  os,
  address,
  stateNew,
  restore,
  node,
  distribution,
}: SettingsParts): Readonly<Record<string, string>> {
  const kubernetes = machine.spec.kubernetes;
  return {
    DISTRIBUTION: kubernetes?.distribution ?? '',
    ROLE: kubernetes?.role ?? '',
    VERSION: kubernetes?.version ?? '',
    CLUSTER: node?.cluster.name ?? '',
    NODE_NAME: machine.name,
    ENDPOINT_HOST: kubernetes?.endpointHost ?? '',
    API_PORT: node ? String(node.cluster.apiPort) : '',
    POD_CIDR: kubernetes?.podCIDR ?? '',
    SERVICE_CIDR: kubernetes?.serviceCIDR ?? '',
    KEEP_PATHS: kubernetes?.keepPaths.join(' ') ?? '',
    STATE_SERIAL: machine.stateDisk?.serial ?? '',
    STATE_UUID: machine.stateDisk?.filesystemUuid ?? '',
    STATE_NEW: machine.stateDisk !== null && stateNew ? '1' : '0',
    NODE_ADDRESS: address ?? '',
    ARCH: machine.spec.image.arch === 'aarch64' ? 'arm64' : 'amd64',
    NODE_PACKAGES: kubernetes ? os.nodePackages.join(' ') : '',
    ...(restore ? { RESTORE: '1' } : {}),
    ...(node?.joins ? { JOINS: '1' } : {}),
    ...(node && distribution ? distribution.settings(node) : {}),
  };
}

/** As lines that a shell sources; nothing in a value is ever expanded. */
export function settingsText(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key}='${value.replaceAll("'", "'\\''")}'\n`)
    .join('');
}
