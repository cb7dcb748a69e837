import type { DesiredCluster } from '../../../model/desired.ts';
import { objectKey } from '../../../model/mark.ts';
import { minuteText } from '../../../model/time-text.ts';
import { changedFields } from '../change.ts';
import { type Facts, ownMark } from '../facts.ts';
import type { Beginning, Guard } from './objection.ts';

/** Disruptions begin inside the windows of their object. */
export const windowOpen: Guard = (facts, beginning) => {
  const state = facts.calendar?.windows[objectKey(beginning.object)];
  if (!state || state.isOpen) return null;
  const isOverrun = (state.overrunUntilMs ?? 0) > facts.nowMs;
  if (isOverrun && (isRolloutBegun(facts, beginning) || isAfterAnother(facts, beginning))) return null;
  const { nextOpenMs } = state;
  const when =
    nextOpenMs === null ? 'no window opens in the years to come' : `a window opens at ${minuteText(nextOpenMs)}`;
  return {
    guard: 'WindowOpen',
    reason: `${beginning.machine.name} is not disturbed now: ${state.reason}; ${when}`,
    wayOut: nextOpenMs === null ? 'Change its windows.' : 'It begins by itself then; or change its windows.',
  };
};

/** Whether it waits for the end of another node that is away for its own change now: when that one is done, the rollout has begun. */
function isAfterAnother({ ledger }: Facts, { cluster, machine, needs }: Beginning): boolean {
  if ((needs ?? []).length === 0) return false;
  return othersOf(cluster, machine.name).some((name) =>
    ['upgrade', 'shutdown'].some((act) => ledger.attempts[`machine/${name}/${act}`]?.error === null),
  );
}

function othersOf(cluster: DesiredCluster | null, name: string): readonly string[] {
  return [...(cluster?.controlPlanes ?? []), ...(cluster?.workers ?? [])].filter((other) => other !== name);
}

/** Whether another node of the cluster has what this one would get: then the rollout is under way, and not only asked for. */
function isRolloutBegun(facts: Facts, { cluster, machine }: Beginning): boolean {
  const paths = new Set(openPaths(facts, machine.name));
  return othersOf(cluster, machine.name).some((name) => {
    const open = openPaths(facts, name);
    return facts.domainsByName.has(name) && ![...paths].every((path) => open.includes(path));
  });
}

/** Fields in which a machine is still to change. */
function openPaths(facts: Facts, name: string): readonly string[] {
  const domain = facts.domainsByName.get(name);
  const mark = domain ? ownMark(domain, facts.desired.owner) : null;
  const wanted = facts.machines.get(name);
  return mark && wanted ? changedFields(mark.spec, wanted.spec).map((change) => change.path) : [];
}
