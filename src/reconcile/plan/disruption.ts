import { planBackup } from './backup.ts';
import { isBackupTooSlow } from './backup-pace.ts';
import { type DrainInit, hasSomewhereToGo, isDraining, planDrain } from './drain.ts';
import type { Facts } from './facts.ts';
import { type Beginning, mayBegin } from './gate.ts';
import { nodeOf } from './health.ts';
import { type NodeInputs, planUncordon } from './node.ts';

/** What a node is taken away for. An upgrade and a new root disk of one node may stand in one plan, so each has ids of its own. */
export interface Disruption {
  readonly node: NodeInputs;
  /** Part of the ids of its steps. Empty, or ends with `/`. */
  readonly scope: '' | 'recreate/';
  /** What its drain and its backup are for: the version or digest that it leads to. */
  readonly subject: string;
  readonly what: Beginning['what'];
  /** What it would be quarantined as. */
  readonly digest: string;
  /** Why the node is cordoned. */
  readonly reason: string;
  /** Kubernetes version that runs before. */
  readonly from: string;
}

/** The way to a disruption: what comes before its act, and whether the node has to be uncordoned after it. */
export interface WayIn {
  readonly needs: readonly string[];
  readonly cordons: boolean;
}

/**
 * The road that all disruptions of a node share up to the act: the gate, cordon and drain where pods have somewhere to go, and on a control
 * plane a fresh backup after the drain. `null`: it may not begin, or does not get there.
 */
export function planWayIn(facts: Facts, disruption: Disruption, needs: readonly string[]): WayIn | null {
  const { node, scope, subject, from } = disruption;
  if (!mayBegin(facts, beginningOf(disruption, needs), node.road.draft)) return null;
  // Before the drain, so that no node stays cordoned for it.
  if (node.role === 'control-plane' && isBackupTooSlow(facts, node)) return null;
  const cordons =
    node.cluster.recipe.drainsBeforeUpgrade && hasSomewhereToGo(facts, node.cluster, node.machine.name, node.role);
  const drained = cordons ? planDrain(facts, drainOf(disruption), needs) : needs;
  if (drained === null) return null;
  if (node.role === 'worker') return { needs: drained, cordons };
  const saved = planBackup(facts, { node, scope, subject, from, isDrained: drained === needs }, drained);
  return saved === null ? null : { needs: saved, cordons };
}

function beginningOf({ node, what, digest }: Disruption, needs: readonly string[]): Beginning {
  const { machine, cluster } = node;
  return { object: machine.object, cluster, machine, what, digest, needs };
}

function drainOf({ node, scope, subject, reason }: Disruption): DrainInit {
  return { cluster: node.cluster, node: node.machine.name, draft: node.road.draft, scope, subject, reason };
}

/** A node that was cordoned for a disruption which does not go on now takes pods again: nothing else would ever uncordon it. */
export function giveBack(facts: Facts, disruption: Disruption): void {
  const { node } = disruption;
  if (!nodeOf(facts, node.cluster, node.machine.name)?.ready || isDraining(facts, drainOf(disruption))) return;
  planUncordon(facts, node, [], false, 'what it was cordoned for does not go on now');
}
