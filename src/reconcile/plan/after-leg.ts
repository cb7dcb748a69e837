import type { Desired, DesiredCluster, DesiredMachine } from '../../model/desired.ts';
import type { GuestNode, GuestStatus } from '../../model/guest-status.ts';
import type { Domain, Reading } from '../../model/observed.ts';
import { type Facts, factsOf, ownMark } from './facts.ts';
import { nodeOf } from './health.ts';
import { settledMark } from './mark.ts';

/** A guest of which nothing is known yet. */
const UNREAD: GuestStatus = {
  program: '',
  bootId: '',
  hostname: null,
  os: null,
  cloudInit: 'done',
  addresses: [],
  stateDisk: 'mounted',
  kubernetes: null,
  operations: [],
};

/**
 * The facts of one cluster as they would be when its leg has ended well and nothing else has happened: every node that exists is proven at the leg's
 * version, at rest and takes pods; nothing was tried yet of what comes then. What only the moment can tell (windows, blockers, vetoes, backups) forbids
 * nothing there. Machines that do not exist yet are left out.
 */
export function factsAfter(facts: Facts, cluster: DesiredCluster): Facts {
  const domains = [...cluster.controlPlanes, ...cluster.workers].flatMap((name) => domainAfter(facts, cluster, name));
  const names = domains.map(({ name }) => name);
  const nodes = names.map((name) => nodeAfter(facts, cluster, name));
  const guests = Object.fromEntries(names.map((name) => [name, guestAfter(facts, cluster, name, nodes)]));
  const { desired, records, ledger, nowMs } = facts;
  return factsOf(
    onlyOf(desired, cluster, names),
    { ...facts.inventory, domains, operations: [] },
    guests,
    { ...records, backups: [], restorations: [] },
    { ...ledger, attempts: {}, since: {}, healthy: {} },
    nowMs,
    null,
  );
}

function onlyOf(desired: Desired, { name }: DesiredCluster, machines: readonly string[]): Desired {
  return {
    ...desired,
    clusters: desired.clusters.filter((entry) => entry.name === name),
    machines: desired.machines.filter((machine) => machines.includes(machine.name)),
  };
}

function domainAfter(facts: Facts, cluster: DesiredCluster, name: string): readonly Domain[] {
  const machine = facts.machines.get(name);
  const domain = machine && facts.domainsByUuid.get(machine.uuid);
  const mark = domain && ownMark(domain, facts.desired.owner);
  if (!mark) return [];
  const proven = {
    ...settledMark(mark),
    spec: specAt(machine, cluster.version),
    provenAtMs: facts.nowMs,
    previous: null,
    previousGeneration: null,
  };
  return [{ ...domain, mark: proven, state: 'running', managedSave: false, agent: 'connected' }];
}

function specAt({ spec }: DesiredMachine, version: string): DesiredMachine['spec'] {
  return spec.kubernetes === null ? spec : { ...spec, kubernetes: { ...spec.kubernetes, version } };
}

/** What a person cordoned stays cordoned. */
function nodeAfter(facts: Facts, cluster: DesiredCluster, name: string): GuestNode {
  const now = nodeOf(facts, cluster, name);
  return {
    name,
    ready: true,
    version: cluster.version,
    heartbeatAgeMs: 0,
    unschedulable: now?.unschedulable === true && !now.cordonedByUs,
    cordonedByUs: false,
    evictablePods: null,
  };
}

function guestAfter(
  facts: Facts,
  { version, controlPlanes }: DesiredCluster,
  name: string,
  nodes: readonly GuestNode[],
): Reading<GuestStatus> {
  const reading = facts.guests[name];
  const now = reading?.known ? reading.value : UNREAD;
  const isControlPlane = controlPlanes.includes(name);
  const kubernetes: GuestStatus['kubernetes'] = {
    phase: 'initialised',
    version,
    apiVersion: isControlPlane ? version : null,
    serviceActive: true,
    apiReady: isControlPlane ? true : null,
    staged: now.kubernetes?.staged ?? [],
    nodes: isControlPlane ? nodes : [],
    nodesTotal: nodes.length,
    kubeconfigDigest: null,
    certificatesExpireAtMs: null,
    clusterUid: now.kubernetes?.clusterUid ?? null,
  };
  const value: GuestStatus = { ...now, stateDisk: 'mounted', veto: null, operations: [], kubernetes };
  return { known: true, atMs: facts.nowMs, value };
}
