import { formatIpv4, parseCidr } from '../model/ipv4.ts';
import type { HostFacts } from '../model/observed.ts';
import { DEFAULT_DURATIONS, type Durations } from './durations.ts';
import type { SimNetwork, WorldState } from './state.ts';

/** How a world begins; everything has a default. */
export interface WorldSettings {
  /** Identities are derived from it: equal seeds, equal worlds. */
  readonly seed?: string;
  /** Durations are divided by it. Default 1. */
  readonly speed?: number;
  readonly durations?: Partial<Durations>;
  readonly host?: Partial<HostFacts>;
  /** Addresses of the libvirt network `default`; on loopback, so that a simulated API server can be reached at its node's own address. */
  readonly subnet?: string;
  /** Digest of the in-guest program in guests whose seed brings none. */
  readonly program?: string;
}

const host: HostFacts = {
  cpus: 64,
  memoryMiB: 512 * 1024,
  freeDiskMiB: 4 * 1024 * 1024,
  arch: 'x86_64',
  acceleration: 'kvm',
  accelerationReason: '',
  hypervisorVersion: 'simulated 1',
};

/** A host without machines: one libvirt network `default`, one bridge `br0`. */
export function newWorld(nowMs: number, settings: WorldSettings = {}): WorldState {
  return {
    schema: 1,
    atMs: nowMs,
    seed: settings.seed ?? 'sim',
    counter: 0,
    speed: settings.speed ?? 1,
    durations: { ...DEFAULT_DURATIONS, ...settings.durations },
    host: { ...host, ...settings.host },
    imagesFolder: '/var/lib/libvirt/images/kreconcile',
    program: settings.program ?? `sha256:${'0'.repeat(64)}`,
    domains: {},
    names: {},
    networks: [defaultNetwork(settings.subnet ?? '127.77.0.0/16'), bridge('br0')],
    images: {},
    operations: {},
    folders: {},
    retained: [],
    clusters: {},
    faults: [],
    events: [],
  };
}

function defaultNetwork(subnet: string): SimNetwork {
  const block = parseCidr(subnet);
  if (!block) throw new Error(`not a subnet: ${subnet}`);
  const dhcp = {
    start: formatIpv4(block.first + 2),
    end: formatIpv4(block.last - 1),
    gateway: formatIpv4(block.first + 1),
    prefix: block.prefixLength,
  };
  return {
    network: { kind: 'network', name: 'default', active: true, dhcp, reservations: [] },
    leases: {},
    leasesGiven: 0,
  };
}

function bridge(name: string): SimNetwork {
  return { network: { kind: 'bridge', name, active: true, dhcp: null, reservations: [] }, leases: {}, leasesGiven: 0 };
}
