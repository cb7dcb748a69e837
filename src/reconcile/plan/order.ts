import type { Step, Wait } from '../../model/plan.ts';

/**
 * Steps in an order in which every need stands before what needs it, else in the order of their ids; needs that name nothing of the plan
 * are dropped (what they named is done). Throws on a circle: planners cannot make one.
 */
export function orderSteps(
  steps: readonly Step[],
  waits: readonly Wait[],
): { steps: readonly Step[]; waits: readonly Wait[] } {
  const present = new Set([...steps, ...waits].map((entry) => entry.id));
  const prune = <T extends { readonly needs: readonly string[] }>(entry: T): T => ({
    ...entry,
    needs: [...new Set(entry.needs)].filter((need) => present.has(need)).sort(),
  });
  const nodes = new Map([...steps.map(prune), ...waits.map(prune)].map((entry) => [entry.id, entry]));
  const ordered: (Step | Wait)[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (id: string): void => {
    const node = nodes.get(id);
    if (!node || state.get(id) === 'done') return;
    if (state.get(id) === 'open') throw new Error(`plan has a circle at ${id}`);
    state.set(id, 'open');
    for (const need of node.needs) visit(need);
    state.set(id, 'done');
    ordered.push(node);
  };
  for (const id of [...nodes.keys()].sort()) visit(id);
  const isStep = (entry: Step | Wait): entry is Step => 'action' in entry;
  return { steps: ordered.filter(isStep), waits: ordered.filter((entry): entry is Wait => !isStep(entry)) };
}
