import type { GuestKubernetes, GuestOperation, GuestStatus } from '../../model/guest-status.ts';
import { type Facts, freshGuest } from './facts.ts';
import { nodeOf } from './health.ts';
import { isVersionTakenBack } from './mark.ts';
import type { NodeInputs } from './node.ts';
import { operationPrefix, planOperation, upgradesTo } from './operation.ts';
import { openVersionQuarantine } from './quarantine.ts';
import { type FailedUpgrade, failedUpgrade } from './take-back.ts';
import { type VersionProblem, versionProblem, workerSkewProblem } from './version.ts';

/** Where a node stands with regard to the wanted version. */
export type UpgradeNeed =
  | { readonly kind: 'none' }
  /** It has not been read. `from` is what was noted to run there. */
  | { readonly kind: 'unknown'; readonly from: string }
  | { readonly kind: 'forbidden' }
  /** The wanted version failed there and was taken back. */
  | { readonly kind: 'taken-back' }
  /** An upgrade failed and is taken back now; `isDecided`: that stands in the mark. */
  | { readonly kind: 'undo'; readonly failed: FailedUpgrade; readonly isDecided: boolean }
  /** An upgrade to another version than is wanted now runs there. */
  | { readonly kind: 'busy'; readonly operation: GuestOperation }
  | { readonly kind: 'needed'; readonly from: string; readonly begun: boolean };

/** Whether an upgrade has begun on the node and is not over, taking one back included. */
export function isUpgradeBegun(need: UpgradeNeed): boolean {
  return need.kind === 'busy' || need.kind === 'undo' || (need.kind === 'needed' && need.begun);
}

/** Judges one node and adds the block if its upgrade is forbidden. Only a node that is a member can need one. */
export function upgradeNeed(facts: Facts, inputs: NodeInputs): UpgradeNeed {
  const { cluster, machine, road } = inputs;
  if (road.up === null || road.mark === null) return { kind: 'none' };
  const guest = freshGuest(facts, machine.name);
  const applied = road.mark.spec.kubernetes?.version;
  const open = openVersionQuarantine(road.mark);
  if (open) return { kind: 'undo', failed: open, isDecided: true };
  if (isVersionTakenBack(road.mark, cluster.version)) return { kind: 'taken-back' };
  if (!guest?.kubernetes)
    return applied === undefined || applied === cluster.version ? { kind: 'none' } : { kind: 'unknown', from: applied };
  if (guest.kubernetes.phase !== 'initialised') return { kind: 'none' };
  const failed = failedUpgrade(facts, inputs, guest, guest.kubernetes);
  if (failed) return { kind: 'undo', failed, isDecided: false };
  return readNeed(facts, inputs, guest, guest.kubernetes);
}

function readNeed(facts: Facts, inputs: NodeInputs, guest: GuestStatus, kubernetes: GuestKubernetes): UpgradeNeed {
  const { cluster, machine, road } = inputs;
  const prefix = operationPrefix('upgrade', cluster.version);
  const other = guest.operations.find(
    ({ id, verb, state }) => verb === 'upgrade' && state === 'running' && !id.startsWith(prefix),
  );
  if (other) return { kind: 'busy', operation: other };
  const last = upgradesTo(guest, cluster.version).at(-1);
  const binary = kubernetes.version;
  const applied = road.mark?.spec.kubernetes?.version ?? '';
  const from = nodeOf(facts, cluster, machine.name)?.version ?? binary;
  if (last?.state === 'running') return { kind: 'needed', from: from ?? applied, begun: true };
  if (binary === null) return { kind: 'unknown', from: applied };
  const isThere = binary === cluster.version && (kubernetes.apiVersion ?? binary) === binary;
  if (isThere && (last === undefined || last.state === 'succeeded')) return { kind: 'none' };
  // An attempt that left the node as it was, today or a year ago, exempts the next from nothing.
  const begun = last !== undefined && (binary === cluster.version || !isUnharmed(facts, inputs, kubernetes));
  const problem = begun ? null : forbiddenVersion(facts, inputs, binary);
  if (problem) {
    road.draft.block({
      guard: problem.guard,
      reason: `${machine.name}: ${problem.reason}`,
      wayOut: problem.wayOut,
      changes: [{ path: '/kubernetes/version', from: binary, to: cluster.version }],
    });
    return { kind: 'forbidden' };
  }
  return { kind: 'needed', from: from ?? binary, begun };
}

/** A worker may be as far behind as its kubelet may be; a control plane goes step by step, and not ahead of what its workers can follow. */
function forbiddenVersion(facts: Facts, { cluster, machine, role }: NodeInputs, binary: string): VersionProblem | null {
  const { maxMinorStep, maxWorkerSkew } = cluster.recipe;
  if (role === 'worker') return versionProblem(binary, cluster.version, Math.max(maxMinorStep, maxWorkerSkew));
  const nodes = freshGuest(facts, machine.name)?.kubernetes?.nodes ?? [];
  const workers = nodes.filter((node) => node.name !== machine.name);
  return (
    versionProblem(binary, cluster.version, maxMinorStep) ?? workerSkewProblem(workers, cluster.version, maxWorkerSkew)
  );
}

/** Whether the node serves as before an attempt to upgrade it: then it can be drained and backed up, so it has to be. */
function isUnharmed(facts: Facts, { cluster, machine, role }: NodeInputs, kubernetes: GuestKubernetes): boolean {
  const isReady = nodeOf(facts, cluster, machine.name)?.ready === true;
  return isReady && (role === 'worker' || kubernetes.apiReady === true);
}

/** Until an upgrade that was begun for an earlier commit has ended: half-way there is no place to turn round. */
export function planEarlier({ cluster, machine, road, need }: NodeInputs & { need: UpgradeNeed }): readonly string[] {
  if (need.kind !== 'busy') return [];
  return road.draft.wait({
    id: `machine/${machine.name}/earlier-upgrade`,
    condition: `the upgrade of ${machine.name} that an earlier commit asked for has ended`,
    detail: need.operation.message,
    timeoutMs: cluster.deadlines.upgradeMs,
    guest: machine.name,
  });
}

/** Binaries and images are on the node and verified before anything is disturbed. */
export function planStage(facts: Facts, inputs: NodeInputs, needs: readonly string[]): readonly string[] | null {
  const { cluster, machine, road } = inputs;
  if (freshGuest(facts, machine.name)?.kubernetes?.staged.includes(cluster.version)) return needs;
  return planOperation(facts, road.draft, {
    machine: machine.name,
    verb: 'stage',
    subject: cluster.version,
    needs,
    input: { version: cluster.version },
    timeoutMs: cluster.deadlines.upgradeMs,
    title: `stage ${cluster.version} on ${machine.name}`,
    reason: 'everything is fetched and verified before the first disruption',
    condition: `${cluster.version} is staged on ${machine.name}`,
  });
}

/** The act itself. */
export function planUpgradeAct(
  facts: Facts,
  inputs: NodeInputs,
  needs: readonly string[],
  from: string,
): readonly string[] | null {
  const { cluster, machine, road } = inputs;
  return planOperation(facts, road.draft, {
    machine: machine.name,
    verb: 'upgrade',
    subject: cluster.version,
    needs,
    input: { version: cluster.version, from },
    disruptive: true,
    timeoutMs: cluster.deadlines.upgradeMs,
    title: `upgrade ${machine.name} from ${from} to ${cluster.version} in place`,
    reason: `${from} runs and ${cluster.version} is wanted`,
    condition: `${machine.name} runs ${cluster.version}`,
  });
}

/** A node that fell silent while its upgrade runs is waited for: nothing forbids what was begun. `null`: none was begun there. */
export function planUnreadUpgrade(facts: Facts, { cluster, machine, road }: NodeInputs): readonly string[] | null {
  const id = `machine/${machine.name}/upgrade`;
  const begun = facts.ledger.attempts[id];
  if (begun === undefined || begun.error !== null) return null;
  return road.draft.wait({
    id: `${id}/done`,
    condition: `${machine.name} runs ${cluster.version}`,
    detail: 'begun, and its guest has not been read for a minute',
    timeoutMs: cluster.deadlines.upgradeMs,
    guest: machine.name,
  });
}
