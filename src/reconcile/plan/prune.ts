import type { DesiredCluster } from '../../model/desired.ts';
import type { Mark, ObjectRef } from '../../model/mark.ts';
import { objectKey } from '../../model/mark.ts';
import type { Domain } from '../../model/observed.ts';
import { type Draft, draftFor } from './draft.ts';
import { hasSomewhereToGo, planDrain } from './drain.ts';
import { type Facts, freshGuest, type OwnedDomain, ownMark } from './facts.ts';
import { nodeOf, speakerOf } from './health.ts';
import { planLeave } from './leave.ts';
import { leavingMembers } from './members.ts';
import { planPowerOff } from './power.ts';
import { isPruneAllowed } from './prune-guard.ts';

const SHUTDOWN_MS = 120_000;

/** Deletes what is ours and no longer in the manifests, as far as its own mark and a person allow. */
export function planPrune(facts: Facts): readonly Draft[] {
  const orphans = orphansByObject(facts);
  const objects = new Map<string, ObjectRef>();
  for (const [key, entry] of orphans) objects.set(key, entry.object);
  for (const key of forgottenKeys(facts)) if (!objects.has(key)) objects.set(key, refOf(key));
  let allowedSoFar = 0;
  return [...objects.keys()].sort().flatMap((key) => {
    const object = objects.get(key) as ObjectRef;
    const owned = orphans.get(key)?.domains ?? [];
    const isDesired = isObjectDesired(facts, object);
    const draft = draftFor(facts, { kind: object.kind, name: object.name }, object);
    const isAllowed = isPruneAllowed(facts, object, owned, isDesired, allowedSoFar, draft);
    if (isAllowed && !isDesired) allowedSoFar += 1;
    if (!isAllowed) return [draft];
    const parts = deleteMachines(facts, object, owned, isDesired);
    if (!isDesired)
      planForget(
        facts,
        object,
        parts.flatMap((part) => part.needs),
        draft,
      );
    return [...parts.map((part) => part.draft), draft];
  });
}

function orphansByObject(facts: Facts): ReadonlyMap<string, { object: ObjectRef; domains: readonly OwnedDomain[] }> {
  const orphans = new Map<string, { object: ObjectRef; domains: readonly OwnedDomain[] }>();
  for (const domain of [...facts.inventory.domains].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const mark = ownMark(domain, facts.desired.owner);
    if (!mark || facts.uuids.has(domain.uuid)) continue;
    const key = objectKey(mark.object);
    orphans.set(key, { object: mark.object, domains: [...(orphans.get(key)?.domains ?? []), { domain, mark }] });
  }
  return orphans;
}

/** Objects that were applied, are not desired and have no domain any more: what is left of them goes too. */
function forgottenKeys(facts: Facts): readonly string[] {
  if (facts.records.applied === 'lost' || facts.desired.documents === 0) return [];
  return facts.records.applied.filter((key) => !isObjectDesired(facts, refOf(key)));
}

function refOf(key: string): ObjectRef {
  const [kind, name = ''] = key.split('/');
  return { kind: kind === 'Cluster' ? 'Cluster' : 'Machine', name };
}

function isObjectDesired(facts: Facts, object: ObjectRef): boolean {
  return object.kind === 'Cluster'
    ? facts.clusters.has(object.name)
    : facts.machines.get(object.name)?.object.kind === 'Machine';
}

/** A machine on its way out. */
interface Deletion {
  readonly draft: Draft;
  readonly needs: readonly string[];
  /** Whether it gets there. */
  readonly ends: boolean;
}

/** All at once, but control planes of a cluster that stays leave one after the other. */
function deleteMachines(
  facts: Facts,
  object: ObjectRef,
  owned: readonly OwnedDomain[],
  clusterStays: boolean,
): readonly Deletion[] {
  const cluster = clusterStays ? facts.clusters.get(object.name) : undefined;
  const members = cluster && object.kind === 'Cluster' ? leavingMembers(facts, cluster) : [];
  const deletions = owned
    .filter(({ domain }) => !members.some((entry) => entry.domain.uuid === domain.uuid))
    .map((entry) => deleteMachine(facts, entry, clusterStays, null, []));
  let turn: readonly string[] = [];
  for (const entry of members) {
    const deletion = deleteMachine(facts, entry, clusterStays, cluster ?? null, turn);
    deletions.push(deletion);
    if (!deletion.ends) break;
    turn = deletion.needs;
  }
  return deletions;
}

/** Shuts one machine down, takes its node out of a cluster that stays, gives its address back and deletes it. `leaves`: whose datastore it leaves. */
function deleteMachine(
  facts: Facts,
  entry: OwnedDomain,
  clusterStays: boolean,
  leaves: DesiredCluster | null,
  turn: readonly string[],
): Deletion {
  const { domain, mark } = entry;
  const draft = draftFor(facts, { kind: 'Machine', name: domain.name }, mark.object);
  const why = clusterStays
    ? `it is no longer among the nodes of ${mark.object.name}`
    : `${mark.object.kind} ${mark.object.name} is no longer in the manifests`;
  const drained = clusterStays ? planEmpty(facts, domain, mark, draft, turn) : [];
  const out = drained !== null && leaves ? planLeave(facts, leaves, entry, drained, draft) : drained;
  if (out === null) return { draft, needs: [], ends: false };
  const off = planPowerOff(facts, domain.name, domain, SHUTDOWN_MS, why, draft, out);
  const left = clusterStays ? planRemoveNode(facts, domain, mark.object.name, off, draft) : off;
  if (left === null) return { draft, needs: off, ends: false };
  const released = planRelease(facts, domain, draft, left);
  const needs = draft.step({
    id: `machine/${domain.name}/delete`,
    title: `delete ${domain.name}`,
    destructive: true,
    needs: [...left, ...released],
    reason: `${why}; its state disk is ${mark.deletionPolicy === 'Delete' ? 'deleted with it' : 'kept under retained/'}`,
    action: { kind: 'delete-machine', machine: domain.name, uuid: domain.uuid, stateDisk: mark.deletionPolicy },
  });
  return { draft, needs, ends: true };
}

/**
 * Moves the pods of a node away before its machine is deleted, where they have somewhere to go. Evictions are honoured, so this may wait for long. A node
 * that is not Ready, or a cluster that does not answer, has nothing to move. `null`: it does not get there.
 */
function planEmpty(
  facts: Facts,
  domain: Domain,
  mark: Mark,
  draft: Draft,
  turn: readonly string[],
): readonly string[] | null {
  const cluster = facts.clusters.get(mark.object.name);
  const isThere = domain.state === 'running' && cluster && nodeOf(facts, cluster, domain.name)?.ready;
  if (!cluster || !isThere || !hasSomewhereToGo(facts, cluster, domain.name, 'worker')) return turn;
  const init = { cluster, node: domain.name, draft, scope: '', subject: 'deletion' };
  return planDrain(facts, { ...init, reason: 'its machine is going to be deleted' }, turn);
}

/** Only who has asked knows that a node is not a member: while the control plane is silent, the machine is kept. `null`: it will not be asked. */
function planRemoveNode(
  facts: Facts,
  domain: Domain,
  clusterName: string,
  needs: readonly string[],
  draft: Draft,
): readonly string[] | null {
  const cluster = facts.clusters.get(clusterName);
  if (cluster === undefined) return needs;
  const via = speakerOf(facts, cluster, domain.name);
  const kubernetes = freshGuest(facts, via)?.kubernetes;
  if (kubernetes && kubernetes.phase !== 'initialised') return needs;
  if (kubernetes?.apiReady === true) {
    if (!kubernetes.nodes.some((node) => node.name === domain.name)) return needs;
    return draft.step({
      id: `machine/${domain.name}/remove-node`,
      title: `take node ${domain.name} out of ${clusterName}`,
      needs,
      reason: 'its machine is going to be deleted',
      action: { kind: 'remove-node', node: domain.name, via },
    });
  }
  if (cluster.powerState === 'Off') {
    draft.block({
      guard: 'GuestAgentConnected',
      reason: `${domain.name} is kept until its node can be taken out of ${clusterName}, which is off`,
      wayOut: 'It goes on when the cluster is powered on.',
    });
    return null;
  }
  return draft.wait({
    id: `machine/${domain.name}/node-known`,
    condition: `the control plane of ${clusterName} tells whether ${domain.name} is a member`,
    needs,
    timeoutMs: cluster.deadlines.readyMs,
    guest: via,
  });
}

function planRelease(facts: Facts, domain: Domain, draft: Draft, needs: readonly string[]): readonly string[] {
  const macs = new Set(domain.next.interfaces.map((entry) => entry.mac));
  return facts.inventory.networks.flatMap((network) =>
    network.reservations
      .filter((entry) => macs.has(entry.mac))
      .flatMap((entry) =>
        draft.step({
          id: `machine/${domain.name}/release`,
          title: `release ${entry.address} of ${domain.name}`,
          reason: 'the machine is going to be deleted',
          needs,
          action: {
            kind: 'release-address',
            machine: domain.name,
            network: network.name,
            mac: entry.mac,
            address: entry.address,
          },
        }),
      ),
  );
}

function planForget(facts: Facts, object: ObjectRef, needs: readonly string[], draft: Draft): void {
  const hasKubeconfig =
    object.kind === 'Cluster' && facts.records.kubeconfigs.some((entry) => entry.cluster === object.name);
  const removed = hasKubeconfig
    ? draft.step({
        id: `cluster/${object.name}/remove-kubeconfig`,
        title: `remove the kubeconfig of ${object.name}`,
        reason: 'the cluster is gone',
        needs,
        action: { kind: 'remove-kubeconfig', cluster: object.name },
      })
    : needs;
  draft.step({
    id: `${object.kind.toLowerCase()}/${object.name}/forget`,
    title: `strike ${objectKey(object)} off the list of applied objects`,
    reason: 'nothing of it is left',
    needs: removed,
    action: { kind: 'forget', object },
  });
}
