import type { DesiredCluster, DesiredMachine } from '../../model/desired.ts';
import type { Mark } from '../../model/mark.ts';
import { type Facts, freshGuest, isConfirmed, markOf, type OwnedDomain, ownMark } from './facts.ts';
import { isProven, nodeOf, unhealthyReason } from './health.ts';

/** Control planes of a cluster that exist and that its manifest does not name any more, in the order in which they leave: who does not run first. */
export function leavingMembers(facts: Facts, cluster: DesiredCluster): readonly OwnedDomain[] {
  return facts.inventory.domains
    .flatMap((domain) => {
      const mark = ownMark(domain, facts.desired.owner);
      const isControlPlane = mark?.spec.kubernetes?.role === 'control-plane' && mark.object.name === cluster.name;
      return mark && isControlPlane && !facts.uuids.has(domain.uuid) ? [{ domain, mark }] : [];
    })
    .sort((a, b) => rank(a) - rank(b) || (a.domain.name < b.domain.name ? 1 : -1));
}

const rank = ({ domain }: OwnedDomain): number => (domain.state === 'running' ? 1 : 0);

/** Machines that hold a share of a cluster's datastore, or may: a join that was begun may have come that far. */
export function membersOf(facts: Facts, cluster: DesiredCluster): readonly string[] {
  const leaving = leavingMembers(facts, cluster).map(({ domain }) => domain.name);
  const isLone = cluster.controlPlanes.length === 1 && leaving.length === 0;
  if (isLone) return cluster.controlPlanes;
  const joined = cluster.controlPlanes.filter(
    (name) => markOf(facts, name)?.provenAtMs != null || isJoinBegun(facts, cluster, name),
  );
  return [...joined, ...leaving.filter((name) => isListed(facts, cluster, name) || isJoinBegun(facts, cluster, name))];
}

/** Whether a machine is a member already, or its join was begun. */
export function isJoinBegun(facts: Facts, cluster: DesiredCluster, name: string): boolean {
  const guest = freshGuest(facts, name);
  if (guest?.kubernetes?.phase === 'initialised' || isListed(facts, cluster, name)) return true;
  return guest?.operations.some(({ verb }) => verb === 'join') ?? false;
}

function isListed(facts: Facts, cluster: DesiredCluster, name: string): boolean {
  return nodeOf(facts, cluster, name) !== null;
}

/** Whether a member's API server answers, which takes a majority of the datastore, and its node is Ready. */
export function isServing(facts: Facts, cluster: DesiredCluster, name: string): boolean {
  if (freshGuest(facts, name)?.kubernetes?.apiReady !== true) return false;
  return nodeOf(facts, cluster, name)?.ready === true;
}

/** How many of so many members make the majority. */
export function majorityOf(members: number): number {
  return Math.floor(members / 2) + 1;
}

/** A member other than `except` that is not well, in the middle of its own change, or about to leave; `null`: all stand firm. */
export function unstableMember(
  facts: Facts,
  cluster: DesiredCluster,
  except: string,
): { readonly name: string; readonly trouble: string } | null {
  for (const name of membersOf(facts, cluster).filter((entry) => entry !== except)) {
    const trouble = isServing(facts, cluster, name) ? unproven(facts, cluster, name) : 'it does not serve';
    if (trouble !== null) return { name, trouble };
  }
  return null;
}

/**
 * A control plane that runs the wanted version and is not noted so is in the middle of its own change. One that has joined at the version it was made with
 * is not: it is upgraded when its turn comes.
 */
function unproven(facts: Facts, cluster: DesiredCluster, name: string): string | null {
  const mark = facts.domainsByName.get(name)?.mark;
  if (!mark || mark === 'unreadable') return null;
  const node = nodeOf(facts, cluster, name);
  const hasJoined = mark.joins === true && node !== null && node.version === mark.spec.kubernetes?.version;
  if (hasJoined && node.version !== cluster.version && !node.cordonedByUs) return null;
  const isChanging = mark.provenAtMs === null || node?.cordonedByUs === true;
  if (!isChanging || isProven(facts, cluster, name)) return null;
  return unhealthyReason(facts, cluster, name) ?? 'it was seen healthy only once since its change';
}

/** A control plane that may leave now and has not yet: before it has, no other one is disturbed. */
export function nextToLeave(facts: Facts, cluster: DesiredCluster): string | null {
  const next = leavingMembers(facts, cluster).find(
    ({ mark }) => mark.prune === 'Enabled' || isConfirmed(facts, mark.object, 'delete'),
  );
  return next?.domain.name ?? null;
}

/**
 * Whether a control plane that is to be made joins a cluster that others hold, instead of making it: all but the first do, and the first too where another
 * one has been a member. Two that make the same cluster would be two clusters.
 */
export function joinsOthers(facts: Facts, machine: DesiredMachine): boolean {
  const cluster = machine.object.kind === 'Cluster' ? facts.clusters.get(machine.object.name) : undefined;
  if (!cluster?.controlPlanes.includes(machine.name)) return false;
  if (cluster.controlPlanes[0] !== machine.name) return true;
  return facts.inventory.domains.some((domain) => {
    const mark = ownMark(domain, facts.desired.owner);
    const isOther =
      domain.uuid !== machine.uuid && mark?.object.kind === 'Cluster' && mark.object.name === cluster.name;
    if (!isOther || mark.spec.kubernetes?.role !== 'control-plane') return false;
    return mark.provenAtMs !== null || (mark.previous ?? null) !== null || isJoinBegun(facts, cluster, domain.name);
  });
}

/** The mark of a machine that is to be made, which says whether it joins. */
export function joiningMark(facts: Facts, machine: DesiredMachine, mark: Mark): Mark {
  return joinsOthers(facts, machine) ? { ...mark, joins: true } : mark;
}

/** Whether other machines hold the cluster's datastore beside this control plane: then its share never goes back by itself. */
export function isShared(facts: Facts, machine: DesiredMachine): boolean {
  const cluster = machine.object.kind === 'Cluster' ? facts.clusters.get(machine.object.name) : undefined;
  if (!cluster?.controlPlanes.includes(machine.name)) return false;
  return membersOf(facts, cluster).some((name) => name !== machine.name);
}
