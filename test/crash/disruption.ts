import type { DesiredCluster, DesiredMachine } from '../../src/model/desired.ts';
import type { ActPhase } from '../../src/sim/world.ts';
import type { OutwardAct } from '../reconcile/rollout.ts';
import { clusterData, type Invariant, isAway, markOf, ownDomain, type Scene } from './scene.ts';

/** Longest silence of a guest in which a disruption may begin. */
const LONGEST_SILENCE_MS = 60_000;
const BACKUP_SLACK_MS = 60_000;

/** The beginning of something that takes a wanted node away. */
interface Disruption {
  readonly machine: DesiredMachine;
  readonly cluster: DesiredCluster;
  readonly kind: 'cordon' | 'upgrade' | 'stop';
}

/**
 * What begins with an act, before it is done; `null` where nothing does. Finishing what has begun, switching off what should be off and taking
 * away what is not wanted any more are no beginnings.
 */
function beginningOf(scene: Scene, act: OutwardAct | null, phase: ActPhase): Disruption | null {
  if (phase !== 'before' || act === null) return null;
  const kind = kindOf(act);
  const name = kind === 'cordon' ? act.node : act.machine;
  const machine = scene.desired.machines.find((entry) => entry.name === name);
  const cluster = scene.desired.clusters.find((entry) => entry.name === machine?.object.name);
  if (kind === null || !machine || machine.object.kind !== 'Cluster' || !cluster) return null;
  if (machine.powerState === 'Off') return null;
  if (kind === 'upgrade' && isHarmed(scene, machine.name, cluster)) return null;
  if (kind === 'stop' && isOnTrialOrStopping(scene, machine.name)) return null;
  return { machine, cluster, kind };
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
  return runs === true || installed?.kubernetes === wanted || node?.ready === false;
}

const budget: Invariant = {
  name: 'no more nodes are away than may be',
  check(scene, act, phase) {
    const begun = beginningOf(scene, act, phase);
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
    const begun = beginningOf(scene, act, phase);
    if (!begun || begun.kind === 'cordon' || begun.cluster.controlPlanes.length === 1) return null;
    const { controlPlanes } = begun.cluster;
    const up = controlPlanes.filter(
      (name) => name !== begun.machine.name && ownDomain(scene.state, name)?.run?.apiReady,
    );
    return up.length > controlPlanes.length / 2
      ? null
      : `${begun.kind} of ${begun.machine.name} with ${up.length} others up`;
  },
};

const backup: Invariant = {
  name: 'a verified backup is on the host before a control plane is disrupted',
  check(scene, act, phase) {
    const begun = beginningOf(scene, act, phase);
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
    const begun = beginningOf(scene, act, phase);
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
    const begun = beginningOf(scene, act, phase);
    if (begun?.kind !== 'upgrade') return null;
    const { machine, cluster } = begun;
    const data = clusterData(scene.state, cluster);
    const first = data?.nodes[cluster.controlPlanes[0] ?? ''];
    if (!first || machine.name === first.name || first.version === cluster.version) return null;
    return `${machine.name} goes to ${cluster.version} while its control plane runs ${first.version}`;
  },
};

export const disruptionInvariants: readonly Invariant[] = [budget, quorum, backup, silence, controlPlaneFirst];
