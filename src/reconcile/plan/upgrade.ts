import type { GuestKubernetes, GuestNode, GuestOperation } from '../../model/guest-status.ts';
import { isBackupTooSlow } from './backup-pace.ts';
import { type Facts, freshGuest, operationsOf } from './facts.ts';
import { nodeOf } from './health.ts';
import type { NodeInputs } from './node.ts';
import { operationPrefix, pauseAfter, planOperation } from './operation.ts';
import { type VersionProblem, versionProblem, workerSkewProblem } from './version.ts';

/** Where a node stands with regard to the wanted version. */
export type UpgradeNeed =
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'forbidden' }
  /** An upgrade to another version than is wanted now runs there. */
  | { readonly kind: 'busy'; readonly operation: GuestOperation }
  | { readonly kind: 'needed'; readonly from: string; readonly begun: boolean };

/** Judges one node and adds the block if its upgrade is forbidden. Only a node that is a member can need one. */
export function upgradeNeed(facts: Facts, inputs: NodeInputs): UpgradeNeed {
  const { cluster, machine, road } = inputs;
  if (road.up === null || road.mark === null) return { kind: 'none' };
  const guest = freshGuest(facts, machine.name);
  const applied = road.mark.spec.kubernetes?.version;
  if (!guest?.kubernetes)
    return applied === undefined || applied === cluster.version ? { kind: 'none' } : { kind: 'unknown' };
  if (guest.kubernetes.phase !== 'initialised') return { kind: 'none' };
  const prefix = operationPrefix('upgrade', cluster.version);
  const other = guest.operations.find(
    ({ id, verb, state }) => verb === 'upgrade' && state === 'running' && !id.startsWith(prefix),
  );
  if (other) return { kind: 'busy', operation: other };
  const last = operationsOf(guest, prefix).at(-1);
  const binary = guest.kubernetes.version;
  const from = nodeOf(facts, cluster, machine.name)?.version ?? binary;
  if (last?.state === 'running') return { kind: 'needed', from: from ?? applied ?? '', begun: true };
  if (binary === null) return { kind: 'unknown' };
  if (binary === cluster.version && (last === undefined || last.state === 'succeeded')) return { kind: 'none' };
  // An attempt that left the node as it was, today or a year ago, exempts the next from nothing.
  const begun = last !== undefined && (binary === cluster.version || !isUnharmed(facts, inputs, guest.kubernetes));
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
  // Before the drain, so that no node stays cordoned for it.
  if (!begun && inputs.role === 'control-plane' && isBackupTooSlow(facts, inputs)) return { kind: 'forbidden' };
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

/** Whether another node of the cluster can take the pods of this one. Workers that we cordoned come back only after their control plane. */
export function hasSomewhereToGo(facts: Facts, { cluster, machine, role }: NodeInputs): boolean {
  const [controlPlane = ''] = cluster.controlPlanes;
  const nodes = freshGuest(facts, controlPlane)?.kubernetes?.nodes ?? [];
  const takesPods = ({ unschedulable, cordonedByUs }: GuestNode) =>
    !unschedulable || (role === 'worker' && cordonedByUs);
  return nodes.some((node) => node.name !== machine.name && node.ready && takesPods(node));
}

/** Cordon and drain, where pods have somewhere to go. */
export function planDrain(facts: Facts, inputs: NodeInputs, needs: readonly string[]): readonly string[] | null {
  const { cluster, machine, road } = inputs;
  const [via = machine.name] = cluster.controlPlanes;
  const subject = `${machine.name}/${cluster.version}`;
  const past = operationsOf(freshGuest(facts, via), operationPrefix('drain', subject));
  const title = `drain ${machine.name}`;
  const isCordoned = nodeOf(facts, cluster, machine.name)?.unschedulable ?? false;
  if (isCordoned && past.at(-1)?.state === 'succeeded' && isOfThisCordon(facts, machine.name)) return needs;
  // A drain that fails gives the node back: it is taken away again only when the next attempt is due.
  const due = isCordoned ? [] : pauseAfter(facts, road.draft, `machine/${machine.name}/drain`, title, past);
  const cordoned = isCordoned
    ? needs
    : road.draft.step({
        id: `machine/${machine.name}/cordon`,
        title: `cordon ${machine.name}`,
        reason: `it is to be upgraded to ${cluster.version}`,
        needs: [...needs, ...due],
        action: { kind: 'cordon', node: machine.name, via },
      });
  return planOperation(facts, road.draft, {
    machine: via,
    node: machine.name,
    verb: 'drain',
    subject,
    needs: cordoned,
    timeoutMs: cluster.deadlines.drainMs + 60_000,
    input: { node: machine.name, timeout: String(Math.ceil(cluster.deadlines.drainMs / 1000)) },
    title,
    reason: 'its pods move before it is taken away',
    condition: `${machine.name} is drained`,
  });
}

/** Whether a drain of the node runs now; adds the wait for its end: what it evicts would only come back to be evicted again. */
export function isDraining(facts: Facts, { cluster, machine, road }: NodeInputs): boolean {
  const [via = machine.name] = cluster.controlPlanes;
  const prefix = operationPrefix('drain', `${machine.name}/${cluster.version}`);
  const last = operationsOf(freshGuest(facts, via), prefix).at(-1);
  if (last?.state !== 'running') return false;
  road.draft.wait({
    id: `machine/${machine.name}/drain/done`,
    condition: `the drain of ${machine.name} has ended`,
    detail: last.message,
    timeoutMs: cluster.deadlines.drainMs + 60_000,
    guest: via,
  });
  return true;
}

/** A drain that nobody remembers beginning, or that was before the node was cordoned, says nothing about the pods of today. */
function isOfThisCordon({ ledger }: Facts, name: string): boolean {
  const cordon = ledger.attempts[`machine/${name}/cordon`];
  const drain = ledger.attempts[`machine/${name}/drain`];
  return drain !== undefined && drain.lastAtMs >= (cordon?.lastAtMs ?? 0);
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
