import { objectKey } from '../../model/mark.ts';
import type { Wait } from '../../model/plan.ts';
import type { PlanDocument, ShownStep } from '../../model/report.ts';

export type RoadEntry =
  | { readonly kind: 'step'; readonly step: ShownStep }
  | { readonly kind: 'wait'; readonly wait: Wait };

/** What a plan says about one object, in the order in which it will come. */
export interface ObjectRoad {
  /** `Cluster/dev`, `Machine/toolbox`, or what is no object of its own: `Image/debian-13`. */
  readonly title: string;
  readonly entries: readonly RoadEntry[];
  readonly blocks: PlanDocument['blocks'];
}

/** Steps and waits of a plan, or of a later leg of it, by object; those that stand before others come first, also across objects. */
export function roadsOf(plan: Pick<PlanDocument, 'steps' | 'waits' | 'blocks'>): readonly ObjectRoad[] {
  const roads = new Map<string, { entries: RoadEntry[]; blocks: PlanDocument['blocks'][number][] }>();
  const roadOf = (item: Owned) => {
    const title = titleOf(item);
    const road = roads.get(title) ?? { entries: [], blocks: [] };
    roads.set(title, road);
    return road;
  };
  for (const entry of inOrder(plan)) roadOf(entry.kind === 'step' ? entry.step : entry.wait).entries.push(entry);
  // What an overdue wait says, its block says too, with the way out.
  for (const block of plan.blocks) roadOf(block).blocks.push(block);
  return [...roads].map(([title, road]) => ({ title, ...road }));
}

type Owned = Pick<ShownStep, 'object' | 'target'>;

function titleOf({ object, target }: Owned): string {
  return object ? objectKey(object) : `${target.kind}/${target.name}`;
}

function inOrder(plan: Pick<PlanDocument, 'steps' | 'waits'>): readonly RoadEntry[] {
  const rest: RoadEntry[] = [
    ...plan.steps.map((step) => ({ kind: 'step' as const, step })),
    ...plan.waits.map((wait) => ({ kind: 'wait' as const, wait })),
  ];
  // What a leg needs of the part before it stands before all of it.
  const left = new Set(rest.map((entry) => bodyOf(entry).id));
  const ordered: RoadEntry[] = [];
  while (rest.length > 0) {
    const index = rest.findIndex((entry) => !bodyOf(entry).needs.some((need) => left.has(need)));
    const [next] = rest.splice(Math.max(0, index), 1);
    if (!next) break;
    left.delete(bodyOf(next).id);
    ordered.push(next);
  }
  return ordered;
}

function bodyOf(entry: RoadEntry): { readonly id: string; readonly needs: readonly string[] } {
  return entry.kind === 'step' ? entry.step : entry.wait;
}
