import { createHash } from 'node:crypto';
import type { Desired, DesiredCluster } from '../../src/model/desired.ts';
import type { Mark } from '../../src/model/mark.ts';
import type { Clock } from '../../src/model/ports.ts';
import type { SeedFiles } from '../../src/model/seed.ts';
import type { SimCluster, SimNode } from '../../src/sim/cluster-state.ts';
import type { SimDomain, WorldState } from '../../src/sim/state.ts';
import type { ActPhase } from '../../src/sim/world.ts';
import type { Disk, Engine, OutwardAct } from '../reconcile/rollout.ts';
import type { AgentHost } from '../reconcile/rollout-agent.ts';
import { SECRET } from './fleet.ts';

/** What invariants look at: the world as it truly is, what the agent keeps, what is wanted, and what was seen so far. */
export interface Scene {
  readonly state: WorldState;
  readonly disk: Disk;
  /** By object key: what forbids its disruptions on this host. */
  readonly host: Pick<AgentHost, 'blockers'>;
  desired: Desired;
  readonly memory: Memory;
}

export interface Memory {
  /** By machine: when its guest last answered. */
  readonly answeredAtMs: Map<string, number>;
  /** By digest of a seed: whether it holds a secret. */
  readonly seeds: Map<string, boolean>;
  /** By cluster UID: objects that users made. */
  readonly objects: Map<string, Set<string>>;
  /** By machine: filesystem of the state disk, once it held data. */
  readonly dataDisks: Map<string, string>;
  /** UIDs of nodes that were ever Ready. */
  readonly served: Set<string>;
  /** By machine: the power cycle in which it was asked to shut down. */
  readonly stopping: Map<string, string>;
  /** Machines whose deletion was begun. */
  readonly deleting: Set<string>;
  /** What is somebody else's, as it was at the beginning. */
  foreign: string;
  /** By cluster UID and object: when users made it. */
  readonly writtenAtMs: Map<string, number>;
  /** Clusters that served, and whose control plane is gone with its disks. */
  readonly lost: Set<string>;
  /** By cluster that is to be brought back: its UID, and the objects that must be there then. */
  readonly returning: Map<string, { readonly uid: string; readonly objects: ReadonlySet<string> }>;
  /** By node UID: the version it was last seen with. */
  readonly versions: Map<string, string>;
  /** By machine: since when its node, which had served, is not well. */
  readonly unwellSinceMs: Map<string, number>;
  /** By machine: since when its guest vetoes. */
  readonly vetoedSinceMs: Map<string, number>;
}

/** What must hold at every instant. `check` says what is wrong, or `null`; `act` is what is done now, `null` between acts. */
export interface Invariant {
  readonly name: string;
  check(scene: Scene, act: OutwardAct | null, phase: ActPhase): string | null;
}

export function newMemory(): Memory {
  return {
    answeredAtMs: new Map(),
    seeds: new Map(),
    objects: new Map(),
    dataDisks: new Map(),
    served: new Set(),
    stopping: new Map(),
    deleting: new Set(),
    foreign: '',
    writtenAtMs: new Map(),
    lost: new Set(),
    returning: new Map(),
    versions: new Map(),
    unwellSinceMs: new Map(),
    vetoedSinceMs: new Map(),
  };
}

/** Listens to what passes between the engine and the world, and changes nothing of it. */
export function listener(memory: Memory, clock: Clock): Engine {
  const note = (seed: SeedFiles): void => {
    const text = [seed.userData, seed.metaData, seed.networkConfig].join('\0');
    memory.seeds.set(`sha256:${createHash('sha256').update(text).digest('hex')}`, holdsSecret(seed.userData));
  };
  return {
    hypervisor: (hypervisor) => ({
      ...hypervisor,
      prepareDisks: (request) => {
        note(request.seed);
        return hypervisor.prepareDisks(request);
      },
      replaceSeed: (machine, generation, seed) => {
        note(seed);
        return hypervisor.replaceSeed(machine, generation, seed);
      },
    }),
    guest: (guest) => ({
      ...guest,
      status: async (machine) => {
        const atMs = clock.now();
        const status = await guest.status(machine);
        memory.answeredAtMs.set(machine.name, atMs);
        return status;
      },
    }),
  };
}

/** Also in the base64 of a multipart message's parts. */
function holdsSecret(userData: string): boolean {
  if (userData.includes(SECRET)) return true;
  if (!userData.startsWith('Content-Type: multipart/')) return false;
  return userData.split('\n\n').some((part) => Buffer.from(part, 'base64').toString('utf8').includes(SECRET));
}

export function markOf(domain: SimDomain): Mark | null {
  return domain.mark === 'unreadable' || domain.mark?.owner !== 'kreconcile' ? null : domain.mark;
}

export function ownDomain(state: WorldState, name: string): SimDomain | null {
  const domain = state.domains[state.names[name] ?? ''];
  return domain && markOf(domain) ? domain : null;
}

/** The cluster whose data is on the state disk of the first control plane. */
export function clusterData(state: WorldState, cluster: DesiredCluster): SimCluster | null {
  const member = state.folders[cluster.controlPlanes[0] ?? '']?.stateDisk?.member;
  return member ? (state.clusters[member.clusterUid] ?? null) : null;
}

/** Whether a node that served is not there for its pods now, whatever the API server says of it. */
export function isAway(state: WorldState, memory: Memory, node: SimNode): boolean {
  if (!memory.served.has(node.uid)) return false;
  const domain = state.domains[node.machine];
  return !domain?.run?.serviceActive || domain.state !== 'running' || !node.ready || node.cordonedByUs;
}

/** Everything on the host that is not ours. */
export function foreignThings(state: WorldState): string {
  const domains = Object.values(state.domains).filter((domain) => markOf(domain) === null);
  const reservations = state.networks.flatMap(({ network }) =>
    network.reservations.filter((entry) => entry.name === 'theirs'),
  );
  const folder = state.folders['theirs'];
  return JSON.stringify({ domains, reservations, folder, image: state.images['sha256:theirs'] });
}
