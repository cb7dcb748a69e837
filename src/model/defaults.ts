/**
 * What a manifest leaves out and every distribution agrees on. The manifest documentation and schema print these
 * and `desire` fills them in, so that neither can say something else than the other.
 */
export const DEFAULTS = {
  network: 'default',
  powerState: 'On',
  suspend: false,
  pruneMode: 'Confirm',
  deletionPolicy: 'Retain',
  controlPlaneReplicas: 1,
  podCIDR: '10.42.0.0/16',
  serviceCIDR: '10.43.0.0/16',
  cniPlugin: 'bridge',
  maxUnavailable: 1,
  strategy: 'Auto',
  keepFor: '24h',
  driftMode: 'correct',
  /** Never that of a host: one manifest means the same everywhere. */
  timeZone: 'UTC',
  backup: { maxAge: '15m', keep: 5, timeZone: 'UTC' },
  remediation: { after: '5m', pause: '10m', maxUnhealthy: '40%', maxTries: 3 },
  timeouts: { boot: '10m', ready: '15m', upgrade: '15m', drain: '5m', shutdown: '2m' },
  /** Of a Kubernetes node; a Machine has none unless its class says so. */
  stateDisk: '20Gi',
  cpuMode: 'host-passthrough',
  firmware: 'bios',
  arch: 'x86_64',
  imageFormat: 'qcow2',
  guestAgent: true,
} as const;
