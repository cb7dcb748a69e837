import { type Facts, freshGuest } from '../facts.ts';
import { isProven, nodeOf, unhealthyReason } from '../health.ts';
import type { Beginning, Guard } from './objection.ts';

/** A control plane goes away only when those that are left are a majority of all. One alone has no majority to lose. */
export const quorum: Guard = (facts, beginning) => {
  const members = membersOf(beginning);
  if (!isMoment(beginning) || members.length < 2 || !members.includes(beginning.machine.name)) return null;
  const majority = Math.floor(members.length / 2) + 1;
  const left = members.filter((name) => name !== beginning.machine.name && isServing(facts, beginning, name));
  if (left.length >= majority) return null;
  return {
    guard: 'Quorum',
    reason: `without ${beginning.machine.name} ${left.length} of ${members.length} control planes would serve, and ${majority} make the majority`,
    wayOut: 'It goes on when the other control planes are ready; their own lines say what is wrong with them.',
  };
};

/** No node goes away while a control plane other than itself is not well, or not yet proven after a change of its own. */
export const controlPlaneStable: Guard = (facts, beginning) => {
  if (!isMoment(beginning) || !beginning.cluster) return null;
  const { cluster, machine } = beginning;
  for (const name of membersOf(beginning).filter((entry) => entry !== machine.name)) {
    const trouble = isServing(facts, beginning, name) ? unproven(facts, beginning, name) : 'it does not serve';
    if (trouble === null) continue;
    return {
      guard: 'ControlPlaneStable',
      reason: `${machine.name} is not disturbed while control plane ${name} of ${cluster.name} is not stable: ${trouble}`,
      wayOut: `It goes on when ${name} is ready and proven.`,
    };
  }
  return null;
};

/** A guard of the moment has nothing to say about what comes later: it judges when it is about to begin. */
function isMoment({ needs }: Beginning): boolean {
  return (needs ?? []).length === 0;
}

function membersOf({ cluster }: Beginning): readonly string[] {
  return cluster?.controlPlanes ?? [];
}

function isServing(facts: Facts, { cluster }: Beginning, name: string): boolean {
  if (!cluster || freshGuest(facts, name)?.kubernetes?.apiReady !== true) return false;
  return nodeOf(facts, cluster, name)?.ready === true;
}

/** A control plane that runs the wanted version and is not noted so is in the middle of its own change. */
function unproven(facts: Facts, { cluster }: Beginning, name: string): string | null {
  const domain = facts.domainsByName.get(name);
  const mark = domain?.mark;
  if (!cluster || !mark || mark === 'unreadable') return null;
  const isChanging = mark.provenAtMs === null || nodeOf(facts, cluster, name)?.cordonedByUs === true;
  if (!isChanging || isProven(facts, cluster, name)) return null;
  return unhealthyReason(facts, cluster, name) ?? 'it was seen healthy only once since its change';
}
