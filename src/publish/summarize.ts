import type { Plan, Target } from '../model/plan.ts';
import type { Status } from '../model/status.ts';
import { clusterStatuses } from './status/cluster.ts';
import { machineStatuses } from './status/machine.ts';
import type { Scene, StatusInput } from './status/scene.ts';

export type { StatusInput } from './status/scene.ts';

/** One pass as people and their tools see it. Pure; holds no secrets. */
export function summarize(input: StatusInput): Status {
  const { observed, plan, outcomes } = input;
  const scene = sceneOf(input);
  const machines = scene ? machineStatuses(scene) : [];
  return {
    schema: 1,
    host: input.host,
    writtenAtMs: input.nowMs,
    source: input.source,
    suspended: observed?.records.suspensions['agent'] ?? null,
    hypervisor: hypervisorOf(input),
    clusters: scene ? clusterStatuses(scene, machines) : [],
    machines,
    // What comes after something else is not waited for yet.
    waits: plan?.waits.filter((wait) => wait.needs.length === 0).map(shownWait) ?? [],
    blocks: plan?.blocks.map(shownBlock) ?? [],
    notes: plan?.notes.map(noteText) ?? [],
    pendingSteps: plan?.steps.length ?? 0,
    lastPass: {
      startedAtMs: input.startedAtMs,
      tookMs: input.endedAtMs - input.startedAtMs,
      stepsRun: outcomes.length,
      failures: outcomes.flatMap((outcome) =>
        outcome.state === 'failed' ? [`${outcome.step}: ${outcome.message} (${outcome.code})`] : [],
      ),
    },
  };
}

function sceneOf(input: StatusInput): Scene | null {
  const { desired, observed, plan } = input;
  return desired && observed && plan ? { ...input, desired, observed, plan } : null;
}

function hypervisorOf({ observed }: StatusInput): Status['hypervisor'] {
  if (!observed) return { reachable: false, message: 'not asked yet: there is no valid desired state' };
  const { inventory } = observed;
  if (!inventory.known) {
    const { reason, error } = inventory;
    return { reachable: false, message: error ? `${reason} (${error.code}). ${error.hint}` : reason };
  }
  const { acceleration, accelerationReason, hypervisorVersion } = inventory.value.host;
  const how = acceleration === 'kvm' ? 'KVM' : `emulation (${accelerationReason})`;
  return { reachable: true, message: `${hypervisorVersion}, ${how}` };
}

function shownWait(wait: Plan['waits'][number]): Status['waits'][number] {
  const { id, target, condition, sinceMs, untilMs, overdue, detail } = wait;
  return { id, target: targetText(target), condition, sinceMs, untilMs, overdue, detail };
}

function shownBlock({ target, guard, reason, wayOut }: Plan['blocks'][number]): Status['blocks'][number] {
  return { target: targetText(target), guard, reason, wayOut };
}

/** With what it is about, unless the note says that itself. */
function noteText({ target, text }: Plan['notes'][number]): string {
  return target && !text.includes(target.name) ? `${targetText(target)}: ${text}` : text;
}

function targetText({ kind, name }: Target): string {
  return `${kind}/${name}`;
}
