import { isServing, majorityOf, membersOf, nextToLeave, unstableMember } from '../members.ts';
import type { Beginning, Guard } from './objection.ts';

/** A control plane goes away only when those that are left are a majority of all. One alone has no majority to lose. */
export const quorum: Guard = (facts, beginning) => {
  const { cluster, machine } = beginning;
  if (!isMoment(beginning) || !cluster?.controlPlanes.includes(machine.name)) return null;
  const members = membersOf(facts, cluster);
  if (members.length < 2 || !members.includes(machine.name)) return null;
  const majority = majorityOf(members.length);
  const left = members.filter((name) => name !== machine.name && isServing(facts, cluster, name));
  if (left.length >= majority) return null;
  return {
    guard: 'Quorum',
    reason: `without ${machine.name} ${left.length} of ${members.length} control planes would serve, and ${majority} make the majority`,
    wayOut: 'It goes on when the other control planes are ready; their own lines say what is wrong with them.',
  };
};

/**
 * No node goes away while a control plane other than itself is not well, not yet proven after a change of its own, or about to leave the cluster. One that
 * has not joined yet disturbs nobody.
 */
export const controlPlaneStable: Guard = (facts, beginning) => {
  const { cluster, machine } = beginning;
  if (!isMoment(beginning) || !cluster) return null;
  const unstable = unstableMember(facts, cluster, machine.name);
  const leaving = nextToLeave(facts, cluster);
  if (unstable === null && leaving === null) return null;
  const { name, trouble } = unstable ?? { name: leaving ?? '', trouble: 'it is taken out of the cluster first' };
  return {
    guard: 'ControlPlaneStable',
    reason: `${machine.name} is not disturbed while control plane ${name} of ${cluster.name} is not stable: ${trouble}`,
    wayOut: `It goes on when ${name} is ready and proven${leaving === null ? '' : ', or gone'}.`,
  };
};

/** A guard of the moment has nothing to say about what comes later: it judges when it is about to begin. */
function isMoment({ needs }: Beginning): boolean {
  return (needs ?? []).length === 0;
}
