import type { Backup } from '../../model/observed.ts';
import { type Facts, freshGuest, operationsOf } from './facts.ts';
import { nodeOf } from './health.ts';
import type { NodeInputs } from './node.ts';
import { nextAttempt, operationPrefix, planOperation } from './operation.ts';
import { versionProblem } from './version.ts';

/** Where a node stands with regard to the wanted version. */
export type UpgradeNeed =
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'forbidden' }
  | { readonly kind: 'needed'; readonly from: string; readonly begun: boolean };

/** Judges one node and adds the block if its upgrade is forbidden. Only a node that is a member can need one. */
export function upgradeNeed(facts: Facts, { cluster, machine, road }: NodeInputs): UpgradeNeed {
  if (road.up === null || road.mark === null) return { kind: 'none' };
  const guest = freshGuest(facts, machine.name);
  const applied = road.mark.spec.kubernetes?.version;
  if (!guest?.kubernetes)
    return applied === undefined || applied === cluster.version ? { kind: 'none' } : { kind: 'unknown' };
  if (guest.kubernetes.phase !== 'initialised') return { kind: 'none' };
  const running = operationsOf(guest, operationPrefix('upgrade', cluster.version)).at(-1);
  const binary = guest.kubernetes.version;
  const node = nodeOf(facts, cluster, machine.name)?.version ?? binary;
  if (running?.state === 'running') return { kind: 'needed', from: node ?? applied ?? '', begun: true };
  if (binary === null) return { kind: 'unknown' };
  if (binary === cluster.version && (running === undefined || running.state === 'succeeded')) return { kind: 'none' };
  const problem = running === undefined ? versionProblem(binary, cluster.version, cluster.recipe) : null;
  if (problem) {
    road.draft.block({
      guard: problem.guard,
      reason: `${machine.name}: ${problem.reason}`,
      wayOut: problem.wayOut,
      changes: [{ path: '/kubernetes/version', from: binary, to: cluster.version }],
    });
    return { kind: 'forbidden' };
  }
  return { kind: 'needed', from: node ?? binary, begun: running !== undefined };
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

/** Whether another node of the cluster can take the pods of this one. */
export function hasSomewhereToGo(facts: Facts, { cluster, machine }: NodeInputs): boolean {
  const [controlPlane = ''] = cluster.controlPlanes;
  const nodes = freshGuest(facts, controlPlane)?.kubernetes?.nodes ?? [];
  return nodes.some((node) => node.name !== machine.name && node.ready && (!node.unschedulable || node.cordonedByUs));
}

/** Cordon and drain, where pods have somewhere to go. */
export function planDrain(facts: Facts, inputs: NodeInputs, needs: readonly string[]): readonly string[] | null {
  const { cluster, machine, road } = inputs;
  const [via = machine.name] = cluster.controlPlanes;
  const isCordoned = nodeOf(facts, cluster, machine.name)?.unschedulable ?? false;
  const cordoned = isCordoned
    ? needs
    : road.draft.step({
        id: `machine/${machine.name}/cordon`,
        title: `cordon ${machine.name}`,
        reason: `it is to be upgraded to ${cluster.version}`,
        needs,
        action: { kind: 'cordon', node: machine.name, via },
      });
  const subject = `${machine.name}/${cluster.version}`;
  const past = operationsOf(freshGuest(facts, via), operationPrefix('drain', subject));
  if (isCordoned && past.at(-1)?.state === 'succeeded') return cordoned;
  return planOperation(facts, road.draft, {
    machine: via,
    node: machine.name,
    verb: 'drain',
    subject,
    needs: cordoned,
    timeoutMs: cluster.deadlines.drainMs + 60_000,
    input: { node: machine.name, timeout: String(Math.ceil(cluster.deadlines.drainMs / 1000)) },
    title: `drain ${machine.name}`,
    reason: 'its pods move before it is taken away',
    condition: `${machine.name} is drained`,
  });
}

/** A verified backup of the datastore on the host, younger than `backup.maxAge`, before a control plane is disturbed. */
export function planBackup(
  facts: Facts,
  inputs: NodeInputs,
  needs: readonly string[],
  from: string,
): readonly string[] | null {
  const { cluster, machine, road } = inputs;
  if (freshBackup(facts, inputs)) return needs;
  const guest = freshGuest(facts, machine.name);
  // The id names a file on this host: two clusters that go to one version must not share it.
  const subject = `${machine.name}/${cluster.version}`;
  const past = operationsOf(guest, operationPrefix('backup', subject));
  const last = past.at(-1);
  const fetchId = `machine/${machine.name}/fetch-backup`;
  const isTaken = last?.state === 'succeeded' && !facts.records.backups.some((backup) => backup.id === last.id);
  const taken = isTaken
    ? []
    : planOperation(facts, road.draft, {
        machine: machine.name,
        verb: 'backup',
        subject,
        needs,
        timeoutMs: cluster.deadlines.upgradeMs,
        title: `back up ${cluster.name} (${cluster.recipe.backupName})`,
        reason: 'no disruption begins without a fresh verified backup',
        condition: `${cluster.recipe.backupName} of ${cluster.name} is made and opened`,
      });
  if (taken === null) return null;
  const operation = isTaken ? last.id : (running(last) ?? `${operationPrefix('backup', subject)}${nextAttempt(past)}`);
  const copying = facts.inventory.operations.find((entry) => entry.id === `fetch-${operation}`);
  const wait = (after: readonly string[], detail: string) =>
    road.draft.wait({
      id: `${fetchId}/done`,
      condition: `the backup of ${cluster.name} is on this host and verified`,
      needs: after,
      detail,
      timeoutMs: cluster.deadlines.upgradeMs,
      pollMs: 1_000,
    });
  if (copying?.state === 'running') return wait([], copying.message);
  const paused =
    copying?.state === 'failed' ? road.draft.pause(fetchId, 'copy the backup', copying.endedAtMs, copying.message) : [];
  const step = road.draft.step({
    id: fetchId,
    title: `copy the backup of ${cluster.name} to this host`,
    needs: [...taken, ...paused],
    reason:
      copying?.state === 'failed'
        ? `the last copy failed: ${copying.message}`
        : 'a backup inside the machine that is disturbed is none',
    action: { kind: 'fetch-backup', cluster: cluster.name, machine: machine.name, operation, version: from },
  });
  return wait(step, '');
}

function running(operation: { id: string; state: string } | undefined): string | null {
  return operation?.state === 'running' ? operation.id : null;
}

function freshBackup(facts: Facts, { cluster, machine }: NodeInputs): Backup | undefined {
  return facts.records.backups.find(
    (backup) =>
      backup.cluster === cluster.name &&
      backup.machine === machine.name &&
      backup.verified &&
      facts.nowMs - backup.atMs <= cluster.backup.maxAgeMs,
  );
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
