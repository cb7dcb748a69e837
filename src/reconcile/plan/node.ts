import type { DesiredCluster, DesiredMachine } from '../../model/desired.ts';
import type { Mark } from '../../model/mark.ts';
import { applyChanges, changedFields } from './change.ts';
import { type Facts, freshGuest } from './facts.ts';
import { isProven, nodeOf, unhealthyReason } from './health.ts';
import type { MachineRoad } from './machine.ts';
import { nextMark } from './mark.ts';
import { planOperation } from './operation.ts';
import { settleStep } from './settle.ts';

/** A node with everything that its planners need. */
export interface NodeInputs {
  readonly cluster: DesiredCluster;
  readonly machine: DesiredMachine;
  readonly road: MachineRoad;
  readonly role: 'control-plane' | 'worker';
}

/** Until the distribution is on the node, and a control plane is initialised. First boot does it; a broken first boot is gone on with. */
export function planBootstrap(
  facts: Facts,
  { cluster, machine, road, role }: NodeInputs,
  needs: readonly string[],
): readonly string[] | null {
  const kubernetes = freshGuest(facts, machine.name)?.kubernetes;
  const phase = kubernetes?.phase ?? 'absent';
  if (needs.length === 0 && (phase === 'initialised' || (role === 'worker' && phase === 'installed'))) return [];
  return planOperation(facts, road.draft, {
    machine: machine.name,
    verb: 'bootstrap',
    subject: machine.name,
    needs,
    timeoutMs: cluster.deadlines.readyMs,
    startsByItself: true,
    title: `bring up ${cluster.distribution} on ${machine.name}`,
    reason: 'its first boot did not finish',
    condition:
      role === 'worker'
        ? `${cluster.distribution} is installed on ${machine.name}`
        : `${cluster.distribution} ${cluster.version} is initialised on ${machine.name}`,
  });
}

/** Until a worker is a member. `controlPlane` is what must come before the control plane can be used. */
export function planJoin(
  facts: Facts,
  { cluster, machine, road }: NodeInputs,
  needs: readonly string[],
  controlPlane: readonly string[],
): readonly string[] | null {
  const all = [...needs, ...controlPlane];
  if (all.length === 0 && freshGuest(facts, machine.name)?.kubernetes?.phase === 'initialised') return [];
  const initialised = needs.length === 0 && freshGuest(facts, machine.name)?.kubernetes?.phase === 'initialised';
  if (initialised) return controlPlane;
  return planOperation(facts, road.draft, {
    machine: machine.name,
    verb: 'join',
    subject: machine.name,
    needs: all,
    timeoutMs: cluster.deadlines.readyMs,
    title: `join ${machine.name} to ${cluster.name}`,
    reason: 'it is not a member of its cluster',
    condition: `${machine.name} has joined ${cluster.name}`,
  });
}

/**
 * Until the node is healthy at the wanted version. A change of ours is proven by two readings 10 s apart, a node at rest by one.
 */
export function planHealth(
  facts: Facts,
  { cluster, machine, road }: NodeInputs,
  needs: readonly string[],
): readonly string[] {
  const { name } = machine;
  const mark = road.mark;
  const isChanging = mark === null || mark.provenAtMs === null || mark.spec.kubernetes?.version !== cluster.version;
  const reason = unhealthyReason(facts, cluster, name);
  if (needs.length === 0 && reason === null && (!isChanging || isProven(facts, cluster, name))) return [];
  return road.draft.wait({
    id: `machine/${name}/healthy`,
    needs,
    timeoutMs: cluster.deadlines.readyMs,
    guest: cluster.controlPlanes[0] ?? name,
    condition: `${name} is Ready at ${cluster.version}${isChanging ? ', by two readings 10 s apart' : ''}`,
    detail: needs.length > 0 ? '' : (reason ?? 'one healthy reading so far'),
  });
}

/** Takes our cordon away when the node is healthy. A cordon that somebody else made is left. */
export function planUncordon(
  facts: Facts,
  { cluster, machine, road }: NodeInputs,
  needs: readonly string[],
  willCordon: boolean,
  reason = 'it is healthy at the wanted version',
): readonly string[] {
  const isCordoned = nodeOf(facts, cluster, machine.name)?.cordonedByUs ?? false;
  if (!isCordoned && !willCordon) return needs;
  return road.draft.step({
    id: `machine/${machine.name}/uncordon`,
    title: `uncordon ${machine.name}`,
    reason,
    needs,
    action: { kind: 'uncordon', node: machine.name, via: cluster.controlPlanes[0] ?? machine.name },
  });
}

/** Ends a node's road: the mark says proven and names the version that now runs. */
export function planRecord(
  facts: Facts,
  { machine, cluster, road }: NodeInputs,
  needs: readonly string[],
): readonly string[] {
  const { mark, draft } = road;
  if (mark === null) return needs;
  const all = [...needs, ...road.markNeeds];
  if (mark.provenAtMs === null) return settleStep(facts, machine, upgradedMark(mark, machine), all, draft);
  const versions = changedFields(mark.spec, machine.spec).filter((change) => change.path === '/kubernetes/version');
  if (versions.length === 0) return needs;
  return draft.step({
    id: `machine/${machine.name}/record`,
    title: `note ${cluster.version} in the mark of ${machine.name}`,
    changes: versions,
    needs: all,
    reason: 'the upgrade is proven',
    action: {
      kind: 'write-mark',
      machine: machine.name,
      mark: nextMark(facts, machine, mark, applyChanges(mark.spec, versions)),
    },
  });
}

function upgradedMark(mark: Mark, machine: DesiredMachine): Mark {
  const versions = changedFields(mark.spec, machine.spec).filter((change) => change.path === '/kubernetes/version');
  return versions.length === 0 ? mark : { ...mark, spec: applyChanges(mark.spec, versions) };
}
