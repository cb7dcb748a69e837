import type { DesiredMachine } from '../../src/model/desired.ts';
import { objectKey } from '../../src/model/mark.ts';
import type { OutwardAct } from '../reconcile/rollout.ts';
import { beginningOf } from './disruption.ts';
import { clusterData, type Invariant, markOf, ownDomain, type Scene } from './scene.ts';
import { isWindowOpen } from './windows.ts';

/** What manifests, people and the host forbid. */

/** Between what was read and what is done about it. */
const SLACK_MS = 60_000;

const windows: Invariant = {
  name: 'disruptions begin inside the windows',
  check(scene, act, phase) {
    const begun = beginningOf(scene, act, phase);
    if (!begun) return null;
    const { atMs } = scene.state;
    const nodes = begun.cluster ? begun.cluster.controlPlanes.length + begun.cluster.workers.length : 1;
    const isOpen = [atMs, atMs - SLACK_MS].some((when) => isWindowOpen(begun.machine.windows, when, nodes > 1));
    return isOpen ? null : `${begun.kind} of ${begun.machine.name} outside of ${begun.machine.windows[0]?.schedule}`;
  },
};

const blockers: Invariant = {
  name: 'no disruption begins while somebody forbids it',
  check(scene, act, phase) {
    const begun = beginningOf(scene, act, phase);
    if (!begun) return null;
    const { name, object } = begun.machine;
    if (scene.host.blockers[objectKey(object)]) return `${begun.kind} of ${name}, which the host forbids`;
    const sinceMs = scene.memory.vetoedSinceMs.get(name);
    const isKnown = sinceMs !== undefined && scene.state.atMs - sinceMs > SLACK_MS;
    return isKnown ? `${begun.kind} of ${name}, which vetoes` : null;
  },
};

/** What goes on beside the passes, and what is asked of a machine for the sake of another. */
const NOT_HELD = ['saveBackup', 'writeBackup', 'join-info', 'survey'];

const suspension: Invariant = {
  name: 'nothing is done to what is suspended',
  check({ disk, desired }, act, phase) {
    if (phase !== 'before' || act === null || NOT_HELD.includes(act.verb ?? act.name)) return null;
    const { suspensions } = disk.records;
    const told = `${act.name} ${act.verb ?? ''} ${act.node ?? act.machine ?? ''}`;
    if ('agent' in suspensions) return `${told} while the agent is suspended`;
    const machine = desired.machines.find(({ name }) => name === (act.node ?? act.machine));
    if (!machine) return null;
    const scope = [`Node/${machine.name}`, objectKey(machine.object)].find((entry) => entry in suspensions);
    if (scope !== undefined) return `${told} while ${scope} is suspended`;
    return machine.suspended ? `${told}, which its manifest suspends` : null;
  },
};

/** The machine that is about to get another root disk in the place of one that serves; `null`: none. */
function replaced(scene: Scene, act: OutwardAct | null): DesiredMachine | null {
  if (act?.name !== 'prepareDisks' || act.machine === null) return null;
  const domain = ownDomain(scene.state, act.machine);
  const mark = domain && markOf(domain);
  const isRemedied = mark?.remedies?.some(({ action, endedAtMs }) => action === 'recreate' && endedAtMs === undefined);
  if (!mark || mark.provenAtMs === null || isRemedied) return null;
  return scene.desired.machines.find(({ name }) => name === act.machine) ?? null;
}

const inPlaceOnly: Invariant = {
  name: 'what is to change in place only gets no new root disk',
  check(scene, act, phase) {
    const machine = phase === 'before' ? replaced(scene, act) : null;
    return machine?.strategy === 'InPlaceOnly' ? `${machine.name} gets another root disk` : null;
  },
};

const localData: Invariant = {
  name: 'no root disk goes that holds volumes in use',
  check(scene, act, phase) {
    const machine = phase === 'before' ? replaced(scene, act) : null;
    const cluster = scene.desired.clusters.find(({ name }) => name === machine?.object.name);
    if (!machine || !cluster) return null;
    const outside = clusterData(scene.state, cluster)?.nodes[machine.name]?.localData;
    return outside === undefined ? null : `${machine.name} gets another root disk and loses ${outside}`;
  },
};

const keepFor: Invariant = {
  name: 'the root disk before is kept for as long as was asked',
  check({ state, desired }, act, phase) {
    if (act?.name !== 'dropGeneration' || phase !== 'before' || act.machine === null) return null;
    const domain = ownDomain(state, act.machine);
    const mark = domain && markOf(domain);
    const machine = desired.machines.find(({ name }) => name === act.machine);
    if (!mark?.previous || mark.provenAtMs === null || !machine) return null;
    const hasFailed = Object.keys(state.folders[act.machine]?.generations ?? {}).some(
      (generation) => Number(generation) > mark.generation,
    );
    const isAnotherDue = JSON.stringify(machine.spec) !== JSON.stringify(mark.spec) || mark.remedies?.length;
    if (hasFailed || isAnotherDue || state.atMs >= mark.provenAtMs + machine.keepForMs) return null;
    return `root disk ${mark.previous.generation} of ${act.machine} goes after ${state.atMs - mark.provenAtMs} ms`;
  },
};

const drift: Invariant = {
  name: 'what somebody changed is taken back only where that was asked for',
  check({ state, desired }, act, phase) {
    if (act?.name !== 'define' || phase !== 'before' || act.machine === null) return null;
    const machine = desired.machines.find(({ name }) => name === act.machine);
    const domain = ownDomain(state, act.machine);
    const mark = domain && markOf(domain);
    if (machine?.drift.mode !== 'warn' || !domain?.run || mark?.provenAtMs == null) return null;
    return `${act.machine} runs, and is defined anew`;
  },
};

const chain: Invariant = {
  name: 'no minor version is skipped',
  check({ state, memory }) {
    for (const cluster of Object.values(state.clusters)) {
      for (const node of Object.values(cluster.nodes)) {
        const before = memory.versions.get(node.uid);
        memory.versions.set(node.uid, node.version);
        if (before !== undefined && minorOf(node.version) - minorOf(before) > 1 && node.role === 'control-plane')
          return `${node.name} went from ${before} to ${node.version}`;
      }
    }
    return null;
  },
};

function minorOf(version: string): number {
  return Number(version.split('.')[1]);
}

export const policyInvariants: readonly Invariant[] = [
  windows,
  blockers,
  suspension,
  inPlaceOnly,
  localData,
  keepFor,
  drift,
  chain,
];
