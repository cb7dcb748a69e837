import type { DesiredCluster } from '../../model/desired.ts';
import type { Draft } from './draft.ts';
import { type Facts, freshGuest, type OwnedDomain } from './facts.ts';
import { speakerOf } from './health.ts';
import { majorityOf, membersOf, unstableMember } from './members.ts';

/**
 * Takes a control plane that is no longer wanted out of its cluster's datastore while its machine still runs: shut down first, it would count as a member
 * that is away. Only where all others stand firm, so that they are a majority with it and without it. `null`: not now. `needs` is what comes before it.
 */
export function planLeave(
  facts: Facts,
  cluster: DesiredCluster,
  { domain }: OwnedDomain,
  needs: readonly string[],
  draft: Draft,
): readonly string[] | null {
  const { name } = domain;
  const via = speakerOf(facts, cluster, name);
  if (cluster.powerState === 'On' && freshGuest(facts, via)?.kubernetes?.apiReady !== true)
    return waitForApi(cluster, name, via, needs, draft);
  if (domain.state !== 'running') return needs;
  const unstable = needs.length === 0 ? unstableMember(facts, cluster, name) : null;
  if (unstable !== null) {
    draft.block({
      guard: 'ControlPlaneStable',
      reason: `${name} is not taken out of ${cluster.name} while control plane ${unstable.name} is not stable: ${unstable.trouble}`,
      wayOut: `It goes on when ${unstable.name} is ready and proven.`,
    });
    return null;
  }
  const guest = freshGuest(facts, name);
  if (guest === null && needs.length === 0) return isNeeded(facts, cluster, name, draft) ? null : needs;
  if (guest?.kubernetes?.apiReady !== true && needs.length === 0 && isAsked(facts, name)) return needs;
  return draft.step({
    id: `machine/${name}/remove-member`,
    title: `take ${name} out of the datastore of ${cluster.name}`,
    needs,
    disruptive: true,
    reason: 'its machine is going to be deleted, and the others decide without it from now on',
    action: { kind: 'remove-member', node: name, via },
  });
}

/** Whether it was taken out: an API server that does not answer for another reason is one of a member still. */
function isAsked({ ledger }: Facts, name: string): boolean {
  const attempt = ledger.attempts[`machine/${name}/remove-member`];
  return attempt !== undefined && attempt.error === null;
}

/** Without an API there is no majority that could let a member go. */
function waitForApi(
  cluster: DesiredCluster,
  name: string,
  via: string,
  needs: readonly string[],
  draft: Draft,
): readonly string[] {
  return draft.wait({
    id: `machine/${name}/majority`,
    condition: `the control plane of ${cluster.name} answers, so that ${name} can leave it`,
    detail: `${via} has not been read, or its datastore has no majority`,
    needs,
    timeoutMs: cluster.deadlines.readyMs,
    guest: via,
  });
}

/** Whether the others are no majority once the machine is off; adds the block. A silent guest does not tell whether it has left already. */
function isNeeded(facts: Facts, cluster: DesiredCluster, name: string, draft: Draft): boolean {
  const members = membersOf(facts, cluster).length;
  if (members - 1 >= majorityOf(members)) return false;
  draft.block({
    guard: 'Quorum',
    reason: `${name} is to leave ${cluster.name}, its guest is silent, and without it ${members - 1} of ${members} control planes would be left, which is no majority`,
    wayOut: `It goes on when its guest agent answers. By hand: remove its member from etcd on another control plane (etcdctl member list, member remove; k3s: kubectl annotate node ${name} etcd.k3s.cattle.io/remove=true), then shut ${name} down.`,
  });
  return true;
}
