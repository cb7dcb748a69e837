import type { DesiredCluster, RemediationPolicy } from '../../model/desired.ts';
import { type Facts, freshGuest, markOf, ownMark } from './facts.ts';
import { isBeating, nodeOf } from './health.ts';
import { isUnsettled } from './mark.ts';

/** What is wrong with a node whose machine runs. */
export interface Ailment {
  readonly what: string;
  /** Its guest answers, so something can be done inside. */
  readonly answers: boolean;
}

/**
 * What is wrong with a node; `null`: nothing that is known. A machine that does not run is started, not remedied; one whose guest is silent while its
 * control plane sees it Ready serves. A node that is no member of its cluster has never been well.
 */
export function ailmentOf(facts: Facts, cluster: DesiredCluster, name: string): Ailment | null {
  if (facts.domainsByName.get(name)?.state !== 'running') return null;
  const node = nodeOf(facts, cluster, name);
  const guest = freshGuest(facts, name);
  if (!guest) return node?.ready && isBeating(node) ? null : { what: 'its guest does not answer', answers: false };
  const { kubernetes } = guest;
  if (kubernetes?.phase !== 'initialised') return null;
  const found = !kubernetes.serviceActive
    ? 'its main service is down'
    : kubernetes.apiReady === false
      ? 'its API server is not ready'
      : node && !node.ready
        ? 'node is NotReady'
        : node && !isBeating(node)
          ? 'no fresh heartbeat'
          : null;
  return found === null ? null : { what: found, answers: true };
}

/**
 * Why nothing is done about single nodes now: so many are unhealthy that the trouble is not theirs. Nodes that are away for whatever reason count,
 * new ones do not. One node is never too many.
 */
export function breakerReason(facts: Facts, cluster: DesiredCluster, policy: RemediationPolicy): string | null {
  if (isHostSilent(facts)) return "no guest on this host answers, so the trouble is the host's";
  const names = [...cluster.controlPlanes, ...cluster.workers];
  const unhealthy = names.filter((name) => isAway(facts, cluster, name));
  const most = Math.max(1, Math.floor((names.length * policy.maxUnhealthyPercent) / 100));
  if (unhealthy.length <= most) return null;
  return `${unhealthy.length} of ${names.length} nodes of ${cluster.name} are unhealthy (${unhealthy.slice(0, 5).join(', ')}${unhealthy.length > 5 ? ', …' : ''}), and maxUnhealthy of ${policy.maxUnhealthyPercent}% allows ${most}`;
}

function isAway(facts: Facts, cluster: DesiredCluster, name: string): boolean {
  const mark = markOf(facts, name);
  const wasWell = mark !== null && (mark.provenAtMs !== null || isUnsettled(mark));
  const isRunning = facts.domainsByName.get(name)?.state === 'running';
  return wasWell && (!isRunning || ailmentOf(facts, cluster, name) !== null);
}

/** Whether several of our machines run and not one of them answers. */
function isHostSilent(facts: Facts): boolean {
  const running = facts.inventory.domains.filter(
    (domain) =>
      domain.state === 'running' &&
      ownMark(domain, facts.desired.owner) !== null &&
      facts.machines.get(domain.name)?.needsGuestAgent,
  );
  return running.length > 1 && running.every((domain) => freshGuest(facts, domain.name) === null);
}
