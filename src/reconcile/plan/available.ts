import type { DesiredCluster } from '../../model/desired.ts';
import type { Draft } from './draft.ts';
import type { Facts } from './facts.ts';
import { unhealthyReason } from './health.ts';
import type { End, NodePlan } from './window.ts';

/** What workers wait for: control planes that are healthy at the wanted version and done with their own changes. */
export function planAvailable(
  facts: Facts,
  cluster: DesiredCluster,
  draft: Draft,
  controlPlanes: readonly NodePlan[],
  ends: ReadonlyMap<string, End>,
): End {
  const reason = cluster.controlPlanes.map((name) => unhealthyReason(facts, cluster, name)).find((one) => one !== null);
  const isHeld = controlPlanes.some(
    ({ machine, need }) => (ends.get(machine.name) ?? null) === null && need.kind !== 'none',
  );
  if (isHeld) return null;
  // One whose root disk may not be replaced now serves all the same.
  const needs = [...ends.values()].flatMap((end) => end ?? []);
  if ([...ends.values()].includes(null) && reason !== undefined) return null;
  if (needs.length === 0 && reason === undefined) return [];
  if (cluster.workers.length === 0) return [];
  return draft.wait({
    id: `cluster/${cluster.name}/control-plane`,
    condition: `the control plane of ${cluster.name} is ready at ${cluster.version}`,
    needs,
    detail: reason ?? '',
    guest: cluster.controlPlanes[0] ?? '',
  });
}
