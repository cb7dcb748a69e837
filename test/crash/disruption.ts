import type { DesiredCluster, DesiredMachine } from '../../src/model/desired.ts';
import { isServing } from '../../src/sim/quorum.ts';
import type { ActPhase } from '../../src/sim/world.ts';
import type { OutwardAct } from '../reconcile/rollout.ts';
import { clusterData, type Invariant, isAway, markOf, ownDomain, type Scene } from './scene.ts';

/** Longest silence of a guest in which a disruption may begin. */
const LONGEST_SILENCE_MS = 60_000;
const BACKUP_SLACK_MS = 60_000;

/** The beginning of something that takes a wanted node or machine away. */
export interface Disruption {
  readonly machine: DesiredMachine;
  /** `null`: a plain machine. */
  readonly cluster: DesiredCluster | null;
  readonly kind: 'cordon' | 'upgrade' | 'stop';
}

type NodeDisruption = Disruption & { readonly cluster: DesiredCluster };

/**
 * What begins with an act, before it is done; `null` where nothing does. Finishing what has begun, switching off what should be off, taking away what is
 * not wanted any more, and what remediation or a person who restores asks for are no beginnings.
 */
export function beginningOf(scene: Scene, act: OutwardAct | null, phase: ActPhase): Disruption | null {
  if (phase !== 'before' || act === null) return null;
  const kind = kindOf(act);
  const name = kind === 'cordon' ? act.node : act.machine;
  const machine = scene.desired.machines.find((entry) => entry.name === name);
  if (kind === null || !machine || machine.powerState === 'Off' || isAskedFor(scene, machine.name)) return null;
  const cluster = scene.desired.clusters.find((entry) => entry.name === machine.object.name) ?? null;
  if (kind === 'upgrade' && cluster && isHarmed(scene, machine.name, cluster)) return null;
  if (kind === 'stop' && isOnTrialOrStopping(scene, machine.name)) return null;
  return { machine, cluster: machine.object.kind === 'Cluster' ? cluster : null, kind };
}

function nodeBeginningOf(scene: Scene, act: OutwardAct | null, phase: ActPhase): NodeDisruption | null {
  const begun = beginningOf(scene, act, phase);
  return begun?.cluster ? { ...begun, cluster: begun.cluster } : null;
}

/** By remediation that has decided on a new root disk, or by a person who wants another state in its place. */
function isAskedFor({ state, disk }: Scene, name: string): boolean {
  const domain = ownDomain(state, name);
  const mark = domain && markOf(domain);
  const isRemedied = mark?.remedies?.some(
    ({ action, generation, endedAtMs }) =>
      action === 'recreate' && generation === mark.generation && endedAtMs === undefined,
  );
  return isRemedied === true || (disk.records.restorations?.some(({ machine }) => machine === name) ?? false);
}

function kindOf(act: OutwardAct): Disruption['kind'] | null {
  if (act.name === 'shutdown' || act.name === 'powerOff') return 'stop';
  if (act.verb === 'upgrade') return 'upgrade';
  return act.verb === 'cordon' || act.verb === 'drain' ? 'cordon' : null;
}

/** What is not proven yet was changed by us, and is undone; a shutdown that was asked for is only made to happen. */
function isOnTrialOrStopping({ state, memory }: Scene, name: string): boolean {
  const domain = ownDomain(state, name);
  const mark = domain && markOf(domain);
  const bootId = domain?.run?.bootId;
  if (bootId === undefined || memory.stopping.get(name) === bootId) return true;
  return mark?.provenAtMs === null || mark?.isSettling === true;
}

/** An upgrade that has begun: it runs already, or left the node otherwise than it was. */
function isHarmed({ state, desired }: Scene, name: string, cluster: DesiredCluster): boolean {
  const domain = ownDomain(state, name);
  const root = domain?.run && state.folders[name]?.generations[domain.run.generation ?? ''];
  const installed = root ? root.installed : null;
  const runs = installed?.operations.some((entry) => entry.verb === 'upgrade' && entry.state === 'running');
  const wanted = desired.clusters.find((entry) => entry.name === cluster.name)?.version;
  const node = clusterData(state, cluster)?.nodes[name];
  const mark = domain && markOf(domain);
  const isChanged = installed?.kubernetes != null && installed.kubernetes !== mark?.spec.kubernetes?.version;
  return runs === true || isChanged || installed?.kubernetes === wanted || node?.ready === false;
}

const budget: Invariant = {
  name: 'no more nodes are away than may be',
  check(scene, act, phase) {
    const begun = nodeBeginningOf(scene, act, phase);
    const data = begun && clusterData(scene.state, begun.cluster);
    if (!begun || !data) return null;
    const { machine, cluster } = begun;
    const own = data.nodes[machine.name];
    if (!own || isAway(scene.state, scene.memory, own)) return null;
    const isControlPlane = own.role === 'control-plane';
    const others = Object.values(data.nodes).filter((node) => node !== own && node.role === own.role);
    const away = others.filter((node) => isAway(scene.state, scene.memory, node)).map((node) => node.name);
    const most = isControlPlane ? 1 : Math.max(1, cluster.maxUnavailable);
    if (away.length + 1 <= most) return null;
    return `${begun.kind} of ${machine.name} while ${away.join(', ')} away, of at most ${most}`;
  },
};

const quorum: Invariant = {
  name: 'the datastore keeps its quorum',
  check(scene, act, phase) {
    const begun = nodeBeginningOf(scene, act, phase);
    const data = begun && clusterData(scene.state, begun.cluster);
    if (!begun || !data || begun.kind === 'cordon' || data.controlPlanes.length === 1) return null;
    const own = ownDomain(scene.state, begun.machine.name)?.uuid ?? '';
    if (!data.controlPlanes.includes(own)) return null;
    const others = data.controlPlanes.filter((uuid) => uuid !== own);
    const up = others.filter((uuid) => isServing(scene.state, data, scene.state.domains[uuid]));
    if (2 * up.length > data.controlPlanes.length) return null;
    return `${begun.kind} of ${begun.machine.name} with ${up.length} of ${others.length} others serving`;
  },
};

const backup: Invariant = {
  name: 'a verified backup is on the host before a control plane is disrupted',
  check(scene, act, phase) {
    const begun = nodeBeginningOf(scene, act, phase);
    if (!begun || begun.kind === 'cordon' || !begun.cluster.controlPlanes.includes(begun.machine.name)) return null;
    const { machine, cluster } = begun;
    const running = clusterData(scene.state, cluster)?.nodes[machine.name]?.version;
    if (running === undefined) return null;
    const found = scene.disk.records.backups.some(
      (entry) =>
        entry.cluster === cluster.name &&
        entry.machine === machine.name &&
        entry.verified &&
        entry.version === running &&
        scene.state.atMs - entry.atMs <= cluster.backup.maxAgeMs + BACKUP_SLACK_MS,
    );
    return found ? null : `${begun.kind} of ${machine.name} without a fresh backup of ${running}`;
  },
};

const silence: Invariant = {
  name: 'no disruption begins while the guest is silent',
  check(scene, act, phase) {
    const begun = nodeBeginningOf(scene, act, phase);
    if (!begun) return null;
    const answeredAtMs = scene.memory.answeredAtMs.get(begun.machine.name) ?? Number.NEGATIVE_INFINITY;
    const silentMs = scene.state.atMs - answeredAtMs;
    if (silentMs <= LONGEST_SILENCE_MS) return null;
    return `${begun.kind} of ${begun.machine.name}, silent for ${Math.round(silentMs / 1000)} s`;
  },
};

const controlPlaneFirst: Invariant = {
  name: 'no worker is upgraded before its control plane',
  check(scene, act, phase) {
    const begun = nodeBeginningOf(scene, act, phase);
    if (begun?.kind !== 'upgrade') return null;
    const { machine, cluster } = begun;
    const data = clusterData(scene.state, cluster);
    const first = data?.nodes[cluster.controlPlanes[0] ?? ''];
    const isOnItsWay = first && [cluster.version, ...cluster.versions].includes(first.version);
    if (!first || machine.name === first.name || isOnItsWay) return null;
    return `${machine.name} goes to ${cluster.version} while its control plane runs ${first.version}`;
  },
};

export const disruptionInvariants: readonly Invariant[] = [budget, quorum, backup, silence, controlPlaneFirst];
