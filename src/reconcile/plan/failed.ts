import type { DesiredCluster } from '../../model/desired.ts';
import { type Facts, markOf } from './facts.ts';
import { isVersionTakenBack } from './mark.ts';
import { condemnation, openVersionQuarantine } from './quarantine.ts';
import { isQuarantined, renewalOf } from './renewal.ts';

/**
 * Nodes of a cluster on which what is asked for has failed and was taken back, or is being taken back: no other node is changed until that is
 * lifted, or something else is asked for.
 */
export function failedNodes(facts: Facts, cluster: DesiredCluster): readonly string[] {
  return [...cluster.controlPlanes, ...cluster.workers].filter((name) => {
    const machine = facts.machines.get(name);
    const mark = markOf(facts, name);
    if (!machine || !mark || mark.quarantined.length === 0) return false;
    if (condemnation(mark) || openVersionQuarantine(mark) || isVersionTakenBack(mark, cluster.version)) return true;
    const renewal = renewalOf(facts, machine, mark);
    return renewal !== null && isQuarantined(mark, renewal.digest);
  });
}
