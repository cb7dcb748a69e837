import type { SeedInputs } from '../seed.ts';

/** Settings that every in-guest program reads (docs/drivers.md). Empty values mean "not for this machine". */
export function nodeSettings({
  machine,
  cluster,
  os,
  address,
  stateNew,
}: SeedInputs): Readonly<Record<string, string>> {
  const kubernetes = machine.spec.kubernetes;
  return {
    NODE_NAME: machine.name,
    NODE_ADDRESS: address ?? '',
    ARCH: machine.spec.image.arch === 'aarch64' ? 'arm64' : 'amd64',
    STATE_SERIAL: machine.stateDisk?.serial ?? '',
    STATE_UUID: machine.stateDisk?.filesystemUuid ?? '',
    STATE_NEW: machine.stateDisk && stateNew ? '1' : '',
    KEEP_PATHS: (kubernetes?.keepPaths ?? []).join(' '),
    DISTRIBUTION: kubernetes?.distribution ?? '',
    ROLE: kubernetes?.role ?? '',
    VERSION: kubernetes?.version ?? '',
    CLUSTER: cluster?.name ?? '',
    ENDPOINT_HOST: kubernetes?.endpointHost ?? '',
    API_PORT: cluster ? String(cluster.apiPort) : '',
    POD_CIDR: kubernetes?.podCIDR ?? '',
    SERVICE_CIDR: kubernetes?.serviceCIDR ?? '',
    NODE_PACKAGES: cluster ? os.nodePackages.join(' ') : '',
  };
}

/** `KEY='value'` lines that sh reads back exactly. Keys are ours. */
export function settingsText(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key}='${value.replaceAll("'", `'\\''`)}'\n`)
    .join('');
}
