import type { DesiredCluster, DesiredMachine } from '../../model/desired.ts';
import type { Mark } from '../../model/mark.ts';
import type { FieldChange } from '../../model/plan.ts';
import { applyChanges } from './change.ts';
import { type Facts, freshGuest, operationsOf } from './facts.ts';
import { goalVersion, isProven, nodeOf, speakerOf, unhealthyReason } from './health.ts';
import type { MachineRoad } from './machine.ts';
import { isUnsettled, nextMark } from './mark.ts';
import { planOperation } from './operation.ts';
import { planRegistration } from './register.ts';
import { settleStep } from './settle.ts';

/** A node with everything that its planners need. */
export interface NodeInputs {
  readonly cluster: DesiredCluster;
  readonly machine: DesiredMachine;
  readonly road: MachineRoad;
  readonly role: 'control-plane' | 'worker';
}

/** Until the distribution is on the node, and the control plane that makes the cluster is initialised. First boot does it; a broken first boot is gone on with. */
export function planBootstrap(
  facts: Facts,
  { cluster, machine, road, role }: NodeInputs,
  needs: readonly string[],
): readonly string[] | null {
  const kubernetes = freshGuest(facts, machine.name)?.kubernetes;
  const phase = kubernetes?.phase ?? 'absent';
  // A node on a new root disk comes back by itself as the member that its state disk knows.
  const returns = road.mark !== null && isUnsettled(road.mark) && isBootstrapping(facts, machine.name);
  const isToJoin = role === 'worker' || joinsCluster(road);
  const isInstalled = isToJoin && phase === 'installed' && !returns;
  if (needs.length === 0 && (phase === 'initialised' || isInstalled)) return [];
  return planOperation(facts, road.draft, {
    machine: machine.name,
    verb: 'bootstrap',
    subject: machine.name,
    needs,
    timeoutMs: cluster.deadlines.readyMs,
    startsByItself: true,
    title: `bring up ${cluster.distribution} on ${machine.name}`,
    reason: 'its first boot did not finish',
    condition: isToJoin
      ? `${cluster.distribution} is installed on ${machine.name}`
      : `${cluster.distribution} ${goalVersion(facts, cluster, machine.name)} is initialised on ${machine.name}`,
  });
}

/** Whether a control plane is one that joins the cluster of another. */
export function joinsCluster({ mark }: Pick<MachineRoad, 'mark'>): boolean {
  return mark?.joins === true;
}

function isBootstrapping(facts: Facts, name: string): boolean {
  const operations = freshGuest(facts, name)?.operations ?? [];
  return operations.some((operation) => operation.verb === 'bootstrap' && operation.state === 'running');
}

/** Until a worker, or a control plane that did not make the cluster, is a member. `controlPlane` is what must come before the control plane can be used. */
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
  // Once a member, always one, as far as anybody knows before it is up.
  if (needs.length > 0 && road.mark !== null && road.mark.provenAtMs !== null) return all;
  const via = speakerOf(facts, cluster, machine.name);
  const isJoining = operationsOf(freshGuest(facts, machine.name), 'join-').some(({ state }) => state === 'running');
  // Without an API there is nobody to tell how to join, and each try would fail.
  if (all.length === 0 && !isJoining && freshGuest(facts, via)?.kubernetes?.apiReady !== true)
    return road.draft.wait({
      id: `machine/${machine.name}/join/via`,
      condition: `the API server of ${via} serves, so that ${machine.name} can join`,
      timeoutMs: cluster.deadlines.readyMs,
      guest: via,
    });
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

/** How a node proves itself. */
export interface Proof {
  /** Version at which it has to be well; another than the present goal only where `needs` lead to it. */
  readonly version: string;
  /** By two readings 10 s apart, as after a change of ours; a node at rest by one. */
  readonly twice: boolean;
  /** Part of the ids: a new root disk and an upgrade may stand in one plan. */
  readonly scope?: 'recreate/';
}

/** Until the node is healthy. */
export function planHealth(
  facts: Facts,
  node: NodeInputs,
  { version, twice, scope = undefined }: Proof,
  needs: readonly string[],
): readonly string[] {
  const { cluster, machine, road } = node;
  const { name } = machine;
  const reason = unhealthyReason(facts, cluster, name);
  if (needs.length === 0 && reason === null && (!twice || isProven(facts, cluster, name))) return [];
  const registered = needs.length === 0 ? planRegistration(facts, node) : needs;
  return road.draft.wait({
    id: `machine/${name}/${scope ?? ''}healthy`,
    needs: registered,
    timeoutMs: cluster.deadlines.readyMs,
    guest: speakerOf(facts, cluster),
    condition: `${name} is Ready at ${version}${twice ? ', by two readings 10 s apart' : ''}`,
    detail: reason ?? 'one healthy reading so far',
  });
}

/** Takes our cordon away when the node is healthy. A cordon that somebody else made is left. */
export function planUncordon(
  facts: Facts,
  { cluster, machine, road }: NodeInputs,
  needs: readonly string[],
  willCordon: boolean,
  reason = 'it is healthy at the wanted version',
  scope = '',
): readonly string[] {
  const isCordoned = nodeOf(facts, cluster, machine.name)?.cordonedByUs ?? false;
  if (!isCordoned && !willCordon) return needs;
  return road.draft.step({
    id: `machine/${machine.name}/${scope}uncordon`,
    title: `uncordon ${machine.name}`,
    reason,
    needs,
    action: { kind: 'uncordon', node: machine.name, via: speakerOf(facts, cluster, machine.name) },
  });
}

/** Ends a node's road: the mark says proven and names the version that now runs. `isSettled`: a step before it says proven already. */
export function planRecord(
  facts: Facts,
  { machine, cluster, road }: NodeInputs,
  needs: readonly string[],
  isSettled: boolean,
): readonly string[] {
  const { mark, draft } = road;
  if (mark === null) return needs;
  const all = [...needs, ...road.markNeeds];
  const versions = versionChange(mark, cluster.version);
  const upgraded = applyChanges(mark.spec, versions);
  if (mark.provenAtMs === null && !isSettled)
    return settleStep(facts, machine, { ...mark, spec: upgraded }, all, draft);
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
      mark: nextMark(facts, machine, mark, upgraded),
    },
  });
}

function versionChange(mark: Mark, version: string): readonly FieldChange[] {
  const applied = mark.spec.kubernetes?.version;
  if (applied === undefined || applied === version) return [];
  return [{ path: '/kubernetes/version', from: applied, to: version }];
}
