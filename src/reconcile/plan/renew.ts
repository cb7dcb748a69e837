import { planAnswer } from './answer.ts';
import { type Disruption, giveBack, planWayIn } from './disruption.ts';
import type { Draft } from './draft.ts';
import type { Facts } from './facts.ts';
import { isHeldBack, mayBegin } from './gate.ts';
import { planKeep } from './keep.ts';
import { joinsCluster, planBootstrap, planHealth, planJoin, planUncordon } from './node.ts';
import { isOff, planReplacement, type Replacement, renewedMark } from './recreate.ts';
import { beginningOf, isQuarantined, isRenewalAllowed } from './renewal.ts';
import { settleStep } from './settle.ts';
import { planSurvey } from './survey.ts';
import { planTrial } from './trial.ts';
import { isUpgradeBegun } from './upgrade.ts';
import type { End, NodePlan, Turn } from './window.ts';

/**
 * Gives one node the root disk or definition that it should have, and proves it at the Kubernetes version that ran before. Returns what comes before
 * its end, `null` when it does not get there. A node that has what it should asks for nothing.
 */
export function planRenewal(facts: Facts, node: NodePlan, turn: Turn, controlPlane: End): End {
  const { road } = node;
  if (road.up === null) return road.phase === 'steady' && road.replacement === null ? [] : null;
  if (road.phase === 'returning') return planReturned(facts, node, road.up, controlPlane);
  if (road.phase === 'changing') return planProof(facts, node, road.up, false, controlPlane);
  // An upgrade that has begun is finished, or taken back, before anything else begins.
  if (!road.replacement || isUpgradeBegun(node.need)) return [];
  // A commit whose version is refused is not carried out by half; the refusal has its own block.
  if (node.need.kind === 'forbidden' && road.replacement.failure === null) {
    road.draft.note(`${node.machine.name} is not changed otherwise either while its Kubernetes version is refused`);
    giveBack(facts, disruptionOf(node, road.replacement));
    return null;
  }
  return planChange(facts, node, road.replacement, turn, controlPlane);
}

function planChange(facts: Facts, node: NodePlan, replacement: Replacement, turn: Turn, controlPlane: End): End {
  const { machine, road } = node;
  const { renewal, mark, domain } = replacement;
  const disruption = disruptionOf(node, replacement);
  const isWaiting = isOff(domain) || (road.up ?? []).length > 0;
  // A silent guest is told; one that is only starting is waited for.
  if (isWaiting && !isOff(domain) && replacement.failure === null)
    mayBegin(facts, beginningOf(facts, machine, renewal, []), road.draft);
  if (controlPlane === null) {
    // What failed on its control plane has its block there; without one of its own nothing would say why the worker stays as it is.
    if (!isWaiting && node.failed.length > 0) isHalted(node, replacement, turn);
    return null;
  }
  if (isWaiting || !isRenewalAllowed(facts, machine, mark, renewal, road.draft) || isHalted(node, replacement, turn)) {
    giveBack(facts, disruption);
    return null;
  }
  const images = node.images.get(renewal.spec.image.digest) ?? [];
  const before = [...new Set([...(turn ?? []), ...controlPlane, ...images])];
  const isSurveyed = renewal.what === 'recreate' && !isQuarantined(mark, renewal.digest);
  const isHeld = isHeldBack(facts, beginningOf(facts, machine, renewal, before));
  const surveyed = isSurveyed ? planSurvey(facts, node, before, isHeld) : before;
  const wayIn = surveyed === null ? null : planWayIn(facts, disruption, surveyed);
  if (wayIn === null) {
    giveBack(facts, disruption);
    return null;
  }
  const start = planReplacement(facts, replacement, wayIn.needs, road.draft);
  const changed = { ...node, road: { ...road, mark: renewedMark(facts, replacement), markNeeds: [] } };
  const up = planAnswer(facts, machine, road.draft, domain, start);
  planTrial(machine, changed.road.mark, start, road.draft);
  return planProof(facts, changed, up, wayIn.cordons, controlPlane);
}

function disruptionOf(node: NodePlan, { renewal, mark }: Replacement): Disruption {
  const act = renewal.what === 'recreate' ? 'it is to get a new root disk' : 'it is to be restarted';
  return {
    node,
    scope: 'recreate/',
    subject: renewal.digest,
    what: renewal.what,
    digest: renewal.digest,
    reason: act,
    from: mark.spec.kubernetes?.version ?? '',
  };
}

/** Whether the rollout stands still because of another node; adds the block. A node that failed itself has a block of its own. */
function isHalted({ machine, road, failed }: NodePlan, { mark, renewal }: Replacement, turn: Turn): boolean {
  if (isQuarantined(mark, renewal.digest)) return false;
  const other = failed.find((name) => name !== machine.name);
  if (other === undefined && turn !== null) return false;
  haltedBlock(road.draft, machine.name, 'changed', other);
  return true;
}

/** The first failure halts the rollout. */
export function haltedBlock(draft: Draft, name: string, verb: string, failed: string | undefined): void {
  draft.block({
    guard: 'RolloutHalted',
    reason:
      failed === undefined
        ? `${name} is not ${verb} while another node is away`
        : `${name} is not ${verb}: ${failed} was, failed, and was rolled back`,
    wayOut:
      failed === undefined
        ? 'It goes on when that node is Ready and its guest answers; if that one does not get there, its own block says why.'
        : `It goes on when what failed on ${failed} is lifted or changed; its own block says how.`,
  });
}

/** From the first answer of the changed machine until it is proven and settled. */
function planProof(facts: Facts, node: NodePlan, up: readonly string[], cordons: boolean, controlPlane: End): End {
  const { machine, road } = node;
  const { mark, draft } = road;
  if (mark === null) return null;
  const member = planMember(facts, node, up, controlPlane);
  if (member === null) return null;
  const version = mark.spec.kubernetes?.version ?? node.cluster.version;
  const healthy = planHealth(facts, node, { version, twice: true, scope: 'recreate/' }, member);
  const open = planUncordon(facts, node, healthy, cordons, 'it is healthy again', 'recreate/');
  return settleStep(facts, machine, mark, [...open, ...road.markNeeds], draft);
}

function planMember(facts: Facts, node: NodePlan, up: readonly string[], controlPlane: End): End {
  const booted = planBootstrap(facts, node, up);
  // In the plan of a change it comes back as the member that it was.
  if (booted === null || booted.length > 0) return booted;
  if (node.role === 'control-plane') return joinsCluster(node.road) ? planJoin(facts, node, booted, []) : booted;
  return controlPlane === null ? null : planJoin(facts, node, booted, controlPlane);
}

/** A node that is back on its root disk from before: well again, it takes pods, and what failed is removed. The rollout goes no further. */
function planReturned(facts: Facts, node: NodePlan, up: readonly string[], controlPlane: End): null {
  const { machine, road, cluster } = node;
  const member = planMember(facts, node, up, controlPlane);
  if (member === null || road.mark === null) return null;
  const version = road.mark.spec.kubernetes?.version ?? cluster.version;
  const healthy = planHealth(facts, node, { version, twice: false }, member);
  const isAlone = cluster.controlPlanes.length + cluster.workers.length === 1;
  const open = planUncordon(facts, node, healthy, !isAlone, 'it is well again as it was before');
  planKeep(facts, machine, road.mark, open, road.draft);
  return null;
}
