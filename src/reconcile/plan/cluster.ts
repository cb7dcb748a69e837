import type { DesiredCluster } from '../../model/desired.ts';
import type { Leg } from '../../model/plan.ts';
import { planAvailable } from './available.ts';
import { planCertificates } from './certificates.ts';
import { type Disruption, giveBack, planWayIn, type WayIn } from './disruption.ts';
import { type Draft, draftFor } from './draft.ts';
import { clusterOf, type Facts } from './facts.ts';
import { failedNodes } from './failed.ts';
import { goalVersion } from './health.ts';
import { planKeep } from './keep.ts';
import { type LegRoad, planLegs } from './legs.ts';
import type { MachineRoad } from './machine.ts';
import { isUnsettled, versionDigest } from './mark.ts';
import { isServing } from './members.ts';
import { joinsCluster, type NodeInputs, planHealth, planJoin, planRecord, planUncordon } from './node.ts';
import { planKubeconfig } from './publish.ts';
import { planRemedies } from './remedy.ts';
import { haltedBlock, planRenewal } from './renew.ts';
import { planFirst, planRestored } from './restore.ts';
import { planDueBackup } from './schedule.ts';
import { settleStep } from './settle.ts';
import { planTakeBack } from './take-back.ts';
import { inTurn, isMidway } from './turn.ts';
import { isUpgradeBegun, planEarlier, planStage, planUnreadUpgrade, planUpgradeAct, upgradeNeed } from './upgrade.ts';
import { type End, type NodePlan, planWorkers, type Turn } from './window.ts';

/** What the nodes of a cluster's plan share. */
interface Stage {
  /** By node: the end of its renewal. */
  readonly renewed: ReadonlyMap<string, End>;
  /** What must stand before the first upgrade; `null`: it cannot. */
  readonly staged: End;
}

/** What a cluster's planner needs of its machines. */
interface Ground {
  readonly roads: ReadonlyMap<string, MachineRoad>;
  readonly images: NodePlan['images'];
}

interface NodesRoad extends LegRoad {
  readonly controlPlanes: readonly NodePlan[];
  readonly workers: readonly NodePlan[];
}

export interface ClusterPlan {
  readonly draft: Draft;
  /** What follows where versions on the way are listed. */
  readonly legs: readonly Leg[];
}

/**
 * Brings a cluster's nodes up and joins them, gives each the root disk and definition that it should have, upgrades them one after the other, and
 * publishes the kubeconfig. Control planes come before workers, and a new root disk before an upgrade.
 */
export function planCluster(facts: Facts, cluster: DesiredCluster, ground: Ground): ClusterPlan {
  const road = planNodes(facts, cluster, ground);
  const { draft, controlPlanes, workers, ends } = road;
  const [first] = controlPlanes;
  if (!first) return { draft, legs: [] };
  const legs = planLegs(facts, cluster, road, (after, leg, roads) =>
    planNodes(after, leg, { roads, images: ground.images }),
  );
  planKubeconfig(facts, cluster, first.machine, ends.get(first.machine.name) ?? null, draft);
  planRestored(facts, first, ends.get(first.machine.name) ?? null, draft);
  // One at a time: the API server and the datastore of that one are away for a moment.
  for (const node of controlPlanes) if (planCertificates(facts, node)) break;
  planRemedies(
    facts,
    cluster,
    [...controlPlanes, ...workers].filter((node) => !isUpgrading(node)),
  );
  planDueBackup(facts, controlPlanes.find((node) => isServing(facts, cluster, node.machine.name)) ?? first);
  return { draft, legs };
}

/** Every node of a cluster to its end, at the version that the cluster goes to next. */
function planNodes(facts: Facts, cluster: DesiredCluster, { roads, images }: Ground): NodesRoad {
  const draft = draftFor(facts, { kind: 'Cluster', name: cluster.name }, { kind: 'Cluster', name: cluster.name });
  if (cluster.powerState === 'Off') return { draft, controlPlanes: [], workers: [], ends: new Map() };
  const failed = failedNodes(facts, cluster);
  const nodesOf = (names: readonly string[], role: NodePlan['role']) =>
    names.flatMap((name) => nodeNamed(facts, cluster, name, role, roads, { images, failed }));
  const controlPlanes = nodesOf(cluster.controlPlanes, 'control-plane');
  const workers = nodesOf(cluster.workers, 'worker');
  if (controlPlanes.length === 0) return { draft, controlPlanes, workers, ends: new Map() };
  const renewed = planRenewals(facts, cluster, controlPlanes, workers);
  const stage: Stage = { renewed, staged: stageAll(facts, [...controlPlanes, ...workers], renewed) };
  const ends = inTurn(facts, controlPlanes, (node, turn) => planNode(facts, node, stage, turn, turn));
  const available = planAvailable(facts, cluster, draft, controlPlanes, ends);
  const workerEnds = planWorkers(facts, cluster, workers, {
    isDue: ({ need }) => need.kind === 'needed' || need.kind === 'unknown',
    isAway: (node) => isUpgrading(node),
    plan: (node, turn) => planNode(facts, node, stage, turn, available),
  });
  return { draft, controlPlanes, workers, ends: new Map([...ends, ...workerEnds]) };
}

function nodeNamed(
  facts: Facts,
  cluster: DesiredCluster,
  name: string,
  role: NodePlan['role'],
  roads: ReadonlyMap<string, MachineRoad>,
  shared: Pick<NodePlan, 'images' | 'failed'>,
): readonly NodePlan[] {
  const machine = facts.machines.get(name);
  const road = roads.get(name);
  if (!machine || !road || clusterOf(facts, machine) !== cluster) return [];
  const inputs: NodeInputs = { cluster, machine, road, role };
  return [{ ...inputs, ...shared, need: upgradeNeed(facts, inputs) }];
}

/** New root disks and definitions, before any upgrade. */
function planRenewals(
  facts: Facts,
  cluster: DesiredCluster,
  controlPlanes: readonly NodePlan[],
  workers: readonly NodePlan[],
): ReadonlyMap<string, End> {
  // A worker that is away can prove itself only while its control plane serves: that one waits.
  const isWorkerAway = workers.some(isMidway);
  const ends = inTurn(facts, controlPlanes, (node, turn) => planRenewal(facts, node, isWorkerAway ? null : turn, []));
  const all = [...ends.values()];
  const controlPlane = all.some((end) => end === null) ? null : all.flatMap((end) => end ?? []);
  const workerEnds = planWorkers(facts, cluster, workers, {
    isDue: ({ road }) => road.replacement !== null,
    isAway: ({ road }) => road.phase !== 'steady',
    // What has begun is finished, also where its control plane may not be changed now.
    plan: (node, turn) => planRenewal(facts, node, turn, isMidway(node) ? [] : controlPlane),
  });
  return new Map([...ends, ...workerEnds]);
}

/**
 * Stages every node that needs the upgrade, after its new root disk; all of it stands before the first disruption, as does the end of upgrades that
 * an earlier commit began. `null`: somewhere it failed for good.
 */
function stageAll(facts: Facts, nodes: readonly NodePlan[], renewed: Stage['renewed']): End {
  const needs: string[] = [...renewed.values()].flatMap((end) => end ?? []);
  let isPossible = true;
  // Workers do not get what their control plane may not.
  const isRefused = nodes.some(({ role, need }) => role === 'control-plane' && need.kind === 'forbidden');
  for (const node of nodes) {
    if (node.need.kind === 'busy') needs.push(...planEarlier(node));
    const end = renewed.get(node.machine.name) ?? null;
    if (end === null || !isStageable(node, end) || (node.role === 'worker' && isRefused)) continue;
    const staged = planStage(facts, node, [...new Set([...(node.road.up ?? []), ...end])]);
    if (staged === null) isPossible = false;
    else needs.push(...staged);
  }
  return isPossible ? needs : null;
}

/** A node that is not there to be read because it gets a new root disk is upgraded after that. */
function isStageable({ need }: NodePlan, renewed: readonly string[]): boolean {
  return need.kind === 'needed' ? !need.begun : need.kind === 'unknown' && renewed.length > 0;
}

/** The road of one node to its end. Returns what comes before its end, `null` when it does not get there. */
function planNode(facts: Facts, node: NodePlan, stage: Stage, turn: Turn, controlPlane: End): End {
  const { road, need, machine } = node;
  const renewed = stage.renewed.get(machine.name) ?? null;
  if (road.up === null) return null;
  if (need.kind === 'undo') return planTakeBack(facts, node, need.failed, need.isDecided);
  if (renewed === null) return planHeld(facts, node, road.up, controlPlane);
  const isRenewed = renewed.length > 0 || (road.mark !== null && isUnsettled(road.mark));
  const member = isRenewed ? renewed : planMember(facts, node, road.up, controlPlane);
  if (member === null) return stay(facts, node, isRenewed);
  if (isRenewed && need.kind === 'none') return renewed;
  const upgraded = planUpgrade(facts, node, stage.staged, turn, [...member, ...(controlPlane ?? [])], isRenewed);
  if (upgraded === null) return planNotUpgraded(facts, node, member, isRenewed);
  const { mark } = road;
  const version = node.cluster.version;
  const isChanging = mark === null || mark.provenAtMs === null || mark.spec.kubernetes?.version !== version;
  const healthy = planHealth(facts, node, { version, twice: isChanging }, upgraded.needs);
  const open = planUncordon(facts, node, healthy, upgraded.cordons);
  const recorded = planRecord(facts, node, open, isRenewed);
  if (mark !== null && !isChanging) planKeep(facts, machine, mark, recorded, road.draft);
  return recorded;
}

function planMember(facts: Facts, node: NodePlan, up: readonly string[], controlPlane: End): End {
  const booted = planFirst(facts, node, up);
  if (booted === null || (node.role === 'control-plane' && !joinsCluster(node.road))) return booted;
  // There is nothing to join while the control plane is blocked.
  return controlPlane === null ? null : planJoin(facts, node, booted, controlPlane);
}

/** A node that does not get the wanted version. Where that is older than what runs, a first root disk is proven at the version that runs. */
function planNotUpgraded(facts: Facts, node: NodePlan, member: readonly string[], isRenewed: boolean): null {
  const { machine, cluster, road, need } = node;
  if (need.kind === 'taken-back') return keepWell(facts, node, member);
  const version = goalVersion(facts, cluster, machine.name);
  const isForGood = need.kind === 'forbidden' && version !== cluster.version;
  if (isForGood && !isRenewed && road.mark?.provenAtMs === null) {
    const healthy = planHealth(facts, node, { version, twice: true }, member);
    settleStep(facts, machine, road.mark, [...healthy, ...road.markNeeds], road.draft);
  }
  return stay(facts, node, isRenewed);
}

/** A node that nothing changes at present is kept well, and what failed on it is removed. */
function planHeld(facts: Facts, node: NodePlan, up: readonly string[], controlPlane: End): null {
  const { phase, mark } = node.road;
  const member = phase === 'steady' && mark !== null ? planMember(facts, node, up, controlPlane) : null;
  return member === null ? null : keepWell(facts, node, member);
}

function keepWell(facts: Facts, node: NodePlan, member: readonly string[]): null {
  const { road, machine, cluster } = node;
  if (road.phase !== 'steady' || road.mark === null) return null;
  const version = goalVersion(facts, cluster, machine.name);
  const healthy = planHealth(facts, node, { version, twice: false }, member);
  if (node.need.kind === 'taken-back') giveBack(facts, upgradeOf(node));
  planKeep(facts, machine, road.mark, healthy, road.draft);
  return null;
}

/** A node that was cordoned for an upgrade which may not begin now takes pods again, unless it is cordoned for something else. */
function stay(facts: Facts, node: NodePlan, isRenewed: boolean): null {
  const isBegun = isUpgrading(node) || node.need.kind === 'unknown';
  if (!isBegun && !isRenewed) giveBack(facts, upgradeOf(node));
  return null;
}

function isUpgrading({ need, road, cluster }: NodePlan): boolean {
  if (isUpgradeBegun(need)) return true;
  const isNoted = road.mark?.spec.kubernetes?.version === cluster.version;
  return need.kind === 'none' && road.up !== null && !isNoted;
}

function upgradeOf(node: NodePlan): Disruption {
  const { version } = node.cluster;
  return {
    node,
    scope: '',
    subject: version,
    what: 'upgrade',
    digest: versionDigest(version),
    reason: `it is to be upgraded to ${version}`,
    from: node.need.kind === 'needed' || node.need.kind === 'unknown' ? node.need.from : '',
  };
}

/** Up to the end of the upgrade itself. */
function planUpgrade(
  facts: Facts,
  node: NodePlan,
  staged: End,
  turn: Turn,
  needs: readonly string[],
  isRenewed: boolean,
): WayIn | null {
  const { need, machine, road } = node;
  if (need.kind === 'forbidden' || need.kind === 'undo') return null;
  if (need.kind === 'busy') return { needs: [...needs, `machine/${machine.name}/earlier-upgrade`], cordons: false };
  if (need.kind === 'none') return { needs: [...new Set([...needs, ...(turn ?? [])])], cordons: false };
  if (need.kind === 'needed' && need.begun) {
    const act = planUpgradeAct(facts, node, [], need.from);
    return act === null ? null : { needs: act, cordons: false };
  }
  const isUnread = need.kind === 'unknown' && !isRenewed;
  if (isUnread) {
    const act = planUnreadUpgrade(facts, node);
    if (act !== null) return { needs: act, cordons: false };
    road.draft.block({
      guard: 'GuestAgentConnected',
      reason: `${machine.name} is to be upgraded and has not been read`,
      wayOut: 'It goes on when the guest agent answers; look at the console if it stays silent.',
    });
    return null;
  }
  if (staged === null && need.kind !== 'taken-back') return null;
  const other = need.kind === 'taken-back' ? undefined : node.failed.find((name) => name !== machine.name);
  if (need.kind !== 'taken-back' && (turn === null || other !== undefined)) {
    haltedBlock(road.draft, machine.name, 'upgraded', other);
    return null;
  }
  const before = [...new Set([...needs, ...(turn ?? []), ...(staged ?? [])])];
  const disruption = upgradeOf(node);
  const wayIn = planWayIn(facts, disruption, before);
  const act = wayIn === null ? null : planUpgradeAct(facts, node, wayIn.needs, disruption.from);
  return act === null ? null : { needs: act, cordons: wayIn?.cordons ?? false };
}
