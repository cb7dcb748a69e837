import type { Desired } from '../../../src/model/desired.ts';
import type { GuestKubernetes, GuestNode, GuestOperation, GuestStatus } from '../../../src/model/guest-status.ts';
import type { Backup, Observed } from '../../../src/model/observed.ts';
import { domainFor, markFor, NOW, observed } from './world.ts';

/** Hand-made guests of a cluster that was made by `before` and is at rest. */
export interface NodeChange {
  /** Runs and is noted in the mark. */
  readonly version?: string;
  readonly kubernetes?: Partial<GuestKubernetes>;
  readonly node?: Partial<GuestNode>;
  readonly operations?: readonly GuestOperation[];
  readonly status?: Partial<GuestStatus>;
  /** Of the reading. */
  readonly atMs?: number;
}

export function clusterWorld(
  before: Desired,
  changes: Readonly<Record<string, NodeChange>> = {},
  backups: readonly Backup[] = [],
): Observed {
  const machines = before.machines.filter((machine) => machine.spec.kubernetes);
  const nodes = machines.map(({ name, spec }): GuestNode => {
    const { version, node } = changes[name] ?? {};
    return {
      name,
      ready: true,
      version: version ?? spec.kubernetes?.version ?? '',
      heartbeatAgeMs: 1_000,
      unschedulable: false,
      cordonedByUs: false,
      evictablePods: 2,
      ...node,
    };
  });
  const guests = Object.fromEntries(
    machines.map((machine) => {
      const isFirst = machine.spec.kubernetes?.role === 'control-plane';
      const { version, kubernetes, operations, status, atMs } = changes[machine.name] ?? {};
      const value: GuestStatus = {
        program: '',
        bootId: 'b',
        hostname: machine.name,
        os: null,
        cloudInit: 'done',
        addresses: [],
        stateDisk: 'mounted',
        veto: null,
        operations: operations ?? [],
        ...status,
        kubernetes: {
          phase: 'initialised',
          version: version ?? machine.spec.kubernetes?.version ?? '',
          serviceActive: true,
          apiReady: isFirst ? true : null,
          apiVersion: isFirst ? (version ?? machine.spec.kubernetes?.version ?? '') : null,
          staged: [],
          nodes: isFirst ? nodes : [],
          nodesTotal: isFirst ? nodes.length : 0,
          kubeconfigDigest: isFirst ? 'sha256:k' : null,
          certificatesExpireAtMs: null,
          clusterUid: null,
          ...kubernetes,
        },
      };
      return [machine.name, { known: true as const, value, atMs: atMs ?? NOW }];
    }),
  );
  const domains = before.machines.map((machine) => {
    const { kubernetes } = machine.spec;
    const version = changes[machine.name]?.version;
    const spec = kubernetes && version ? { ...machine.spec, kubernetes: { ...kubernetes, version } } : machine.spec;
    return domainFor(before, machine, { mark: markFor(before, machine, { spec, address: '192.168.122.9' }) });
  });
  const kubeconfigs = before.clusters.map(({ name, endpoint }) => ({
    cluster: name,
    guestDigest: 'sha256:k',
    server: endpoint ? `https://${endpoint.host}:${endpoint.port}` : 'https://192.168.122.9:6443',
  }));
  const folders = before.machines.map(({ name }) => ({ machine: name, generations: [1], hasStateDisk: true }));
  const reservations = before.machines
    .filter((machine) => machine.stableAddress)
    .map(({ mac, name }) => ({ mac, name, address: '192.168.122.9' }));
  const dhcp = { start: '192.168.122.2', end: '192.168.122.254', gateway: '192.168.122.1', prefix: 24 };
  const networks = [{ kind: 'network' as const, name: 'default', active: true, dhcp, reservations }];
  const applied = before.clusters.map(({ name }) => `Cluster/${name}`);
  return observed({ domains, folders, networks }, { kubeconfigs, backups, applied }, guests);
}

export function operation(
  id: string,
  state: GuestOperation['state'],
  change: Partial<GuestOperation> = {},
): GuestOperation {
  return {
    id,
    verb: id.split('-')[0] ?? '',
    state,
    startedAtMs: NOW - 60_000,
    endedAtMs: state === 'running' ? null : NOW - 50_000,
    message: 'said so',
    result: {},
    ...change,
  };
}
