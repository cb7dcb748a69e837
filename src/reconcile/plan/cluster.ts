import type { DesiredCluster } from '../../model/desired.ts';
import { planBackup } from './backup.ts';
import { planCertificates } from './certificates.ts';
import { type Draft, draftFor } from './draft.ts';
import { clusterOf, type Facts } from './facts.ts';
import { mayBegin } from './gate.ts';
import { nodeOf, unhealthyReason } from './health.ts';
import type { MachineRoad } from './machine.ts';
import { type NodeInputs, planBootstrap, planHealth, planJoin, planRecord, planUncordon } from './node.ts';
import { planKubeconfig } from './publish.ts';
import { planDueBackup } from './schedule.ts';
import {
  hasSomewhereToGo,
  isDraining,
  planDrain,
  planEarlier,
  planStage,
  planUpgradeAct,
  upgradeNeed,
} from './upgrade.ts';
import { type NodePlan, planWorkers, type Turn } from './window.ts';

/** Brings a cluster's nodes up, joins them, upgrades them one after the other, and publishes the kubeconfig. */
export function planCluster(facts: Facts, cluster: DesiredCluster, roads: ReadonlyMap<string, MachineRoad>): Draft {
  const draft = draftFor(facts, { kind: 'Cluster', name: cluster.name }, { kind: 'Cluster', name: cluster.name });
  if (cluster.powerState === 'Off') return draft;
  const nodes = [
    ...nodesOf(facts, cluster, cluster.controlPlanes, 'control-plane', roads),
    ...nodesOf(facts, cluster, cluster.workers, 'worker', roads),
  ];
  const staged = stageAll(facts, nodes);
  const controlPlanes = nodes.filter((node) => node.role === 'control-plane');
  const [first] = controlPlanes;
  if (!first) return draft;
  const firstDone = planNode(facts, first, staged, [], []);
  const available = planAvailable(facts, cluster, draft, firstDone);
  const workers = nodes.filter((node) => node.role === 'worker');
  planWorkers(facts, cluster, workers, (node, turn) => planNode(facts, node, staged, turn, available));
  planKubeconfig(facts, cluster, first.machine, firstDone, draft);
  for (const node of controlPlanes) planCertificates(facts, node);
  planDueBackup(facts, first);
  return draft;
}

function nodesOf(
  facts: Facts,
  cluster: DesiredCluster,
  names: readonly string[],
  role: NodePlan['role'],
  roads: ReadonlyMap<string, MachineRoad>,
): readonly NodePlan[] {
  return names.flatMap((name) => {
    const machine = facts.machines.get(name);
    const road = roads.get(name);
    if (!machine || !road || clusterOf(facts, machine) !== cluster) return [];
    const inputs: NodeInputs = { cluster, machine, road, role };
    return [{ ...inputs, need: upgradeNeed(facts, inputs) }];
  });
}

/**
 * Stages every node that needs the upgrade; all of it stands before the first disruption, as does the end of upgrades that an earlier commit began.
 * `null`: somewhere it failed for good.
 */
function stageAll(facts: Facts, nodes: readonly NodePlan[]): readonly string[] | null {
  const needs: string[] = [];
  let isPossible = true;
  for (const node of nodes) {
    if (node.need.kind === 'busy') needs.push(...planEarlier(node));
    if (node.need.kind !== 'needed' || node.need.begun) continue;
    const staged = planStage(facts, node, node.road.up ?? []);
    if (staged === null) isPossible = false;
    else needs.push(...staged);
  }
  return isPossible ? needs : null;
}

/** The road of one node to its end. Returns what comes before its end, `null` when it does not get there. */
function planNode(
  facts: Facts,
  node: NodePlan,
  staged: readonly string[] | null,
  turn: Turn,
  controlPlane: readonly string[] | null,
): readonly string[] | null {
  if (node.road.up === null) return null;
  const booted = planBootstrap(facts, node, node.road.up);
  const member = booted === null ? null : node.role === 'worker' ? joined(facts, node, booted, controlPlane) : booted;
  if (member === null) return giveBack(facts, node);
  const upgraded = planUpgrade(facts, node, staged, turn, [...member, ...(controlPlane ?? [])]);
  if (upgraded === null) return giveBack(facts, node);
  const healthy = planHealth(facts, node, upgraded.needs);
  const open = planUncordon(facts, node, healthy, upgraded.cordons);
  return planRecord(facts, node, open);
}

/** A node that was cordoned for an upgrade which is forbidden by now, and has not begun, takes pods again: nothing else would ever uncordon it. */
function giveBack(facts: Facts, node: NodePlan): null {
  const { need, cluster, machine } = node;
  const isBegun = need.kind === 'busy' || (need.kind === 'needed' && need.begun);
  if (!isBegun && nodeOf(facts, cluster, machine.name)?.ready && !isDraining(facts, node))
    planUncordon(facts, node, [], false, 'its upgrade does not go on now');
  return null;
}

/** A worker has nothing to join while its control plane is blocked. */
function joined(
  facts: Facts,
  node: NodePlan,
  booted: readonly string[],
  controlPlane: readonly string[] | null,
): readonly string[] | null {
  return controlPlane === null ? null : planJoin(facts, node, booted, controlPlane);
}

function planUpgrade(
  facts: Facts,
  node: NodePlan,
  staged: readonly string[] | null,
  turn: Turn,
  needs: readonly string[],
): { needs: readonly string[]; cordons: boolean } | null {
  const { need } = node;
  if (need.kind === 'forbidden') return null;
  if (need.kind === 'unknown') {
    node.road.draft.block({
      guard: 'GuestAgentConnected',
      reason: `${node.machine.name} is to be upgraded and has not been read`,
      wayOut: 'It goes on when the guest agent answers; look at the console if it stays silent.',
    });
    return null;
  }
  if (need.kind === 'busy')
    return { needs: [...needs, `machine/${node.machine.name}/earlier-upgrade`], cordons: false };
  if (need.kind === 'none') return { needs: [...new Set([...needs, ...(turn ?? [])])], cordons: false };
  if (need.begun) {
    const act = planUpgradeAct(facts, node, [], need.from);
    return act === null ? null : { needs: act, cordons: false };
  }
  if (staged === null) return null;
  if (turn === null) {
    node.road.draft.block({
      guard: 'RolloutHalted',
      reason: `${node.machine.name} is not upgraded while another worker does not come back from its own upgrade`,
      wayOut: 'It goes on when that worker is Ready at its version; its own block says what is wrong with it.',
    });
    return null;
  }
  const before = [...new Set([...needs, ...turn, ...staged])];
  if (!mayUpgrade(facts, node, before)) return null;
  const cordons = node.cluster.recipe.drainsBeforeUpgrade && hasSomewhereToGo(facts, node);
  const drained = cordons ? planDrain(facts, node, before) : before;
  const saved =
    drained === null || node.role === 'worker'
      ? drained
      : planBackup(facts, node, drained, need.from, drained === before);
  const act = saved === null ? null : planUpgradeAct(facts, node, saved, need.from);
  return act === null ? null : { needs: act, cordons };
}

/** Guards forbid the beginning: until the upgrade itself a node can be given back, so each pass asks anew. */
function mayUpgrade(facts: Facts, { cluster, machine, road }: NodePlan, needs: readonly string[]): boolean {
  const digest = `version:${cluster.version}`;
  return mayBegin(facts, { object: machine.object, cluster, machine, what: 'upgrade', digest, needs }, road.draft);
}

/** What workers wait for: a control plane that is healthy at the wanted version and done with its own upgrade. */
function planAvailable(
  facts: Facts,
  cluster: DesiredCluster,
  draft: Draft,
  firstDone: readonly string[] | null,
): readonly string[] | null {
  if (firstDone === null) return null;
  const [name = ''] = cluster.controlPlanes;
  const reason = unhealthyReason(facts, cluster, name);
  if (firstDone.length === 0 && reason === null) return [];
  if (cluster.workers.length === 0) return [];
  return draft.wait({
    id: `cluster/${cluster.name}/control-plane`,
    condition: `the control plane of ${cluster.name} is ready at ${cluster.version}`,
    needs: firstDone,
    detail: reason ?? '',
    guest: name,
  });
}
