import type { DesiredCluster } from '../../model/desired.ts';
import type { Leg, Step, Wait } from '../../model/plan.ts';
import { factsAfter } from './after-leg.ts';
import { planNextLeg } from './chain.ts';
import { type Draft, draftFor } from './draft.ts';
import { type Facts, markOf } from './facts.ts';
import type { MachineRoad } from './machine.ts';
import { orderSteps } from './order.ts';
import type { End } from './window.ts';

/** The road of a cluster's nodes to one version. */
export interface LegRoad {
  readonly draft: Draft;
  /** By node. */
  readonly ends: ReadonlyMap<string, End>;
}

/** Plans one leg, as the leg that is next is planned. */
export type PlanLeg = (facts: Facts, cluster: DesiredCluster, roads: ReadonlyMap<string, MachineRoad>) => LegRoad;

/**
 * What follows the road to the version that `cluster` goes to next: each further leg, planned by `planLeg` itself in the facts that the leg before would
 * leave. Where a node does not get to the end of a leg nothing can be told of those after it.
 */
export function planLegs(facts: Facts, cluster: DesiredCluster, road: LegRoad, planLeg: PlanLeg): readonly Leg[] {
  const ends = [...road.ends.values()];
  const gate = planNextLeg(
    cluster,
    ends.flatMap((end) => end ?? []),
    road.draft,
  );
  if (gate.length === 0 || ends.includes(null)) return [];
  const after = factsAfter(facts, cluster);
  const next = after.clusters.get(cluster.name);
  if (!next || next.version === cluster.version) return [];
  const roads = new Map([...after.machines.keys()].map((name) => [name, roadAtRest(after, next, name)]));
  const planned = planLeg(after, next, roads);
  const rest = planLegs(after, next, planned, planLeg);
  const drafts = [...[...roads.values()].map(({ draft }) => draft), planned.draft];
  return [legOfDrafts(cluster, next, drafts, gate), ...rest];
}

function roadAtRest(facts: Facts, { name }: DesiredCluster, machine: string): MachineRoad {
  const draft = draftFor(facts, { kind: 'Machine', name: machine }, { kind: 'Cluster', name });
  return { draft, mark: markOf(facts, machine), markNeeds: [], up: [], replacement: null, phase: 'steady' };
}

/** Nothing of a later leg may look as if it could be begun: what comes first in it needs the end of the leg before. */
function legOfDrafts(
  { name, version: from }: DesiredCluster,
  { version }: DesiredCluster,
  drafts: readonly Draft[],
  gate: readonly string[],
): Leg {
  const { steps, waits } = orderSteps(
    drafts.flatMap((draft) => draft.steps),
    drafts.flatMap((draft) => draft.waits),
  );
  const held = <T extends Step | Wait>(entry: T): T => (entry.needs.length > 0 ? entry : { ...entry, needs: gate });
  const blocks = drafts.flatMap((draft) => draft.blocks).sort((a, b) => (a.id < b.id ? -1 : 1));
  return { cluster: name, from, version, steps: steps.map(held), waits: waits.map(held), blocks };
}
