import { objectKey } from '../../model/mark.ts';
import type { Domain } from '../../model/observed.ts';
import type { ActionKind } from '../../model/plan.ts';
import { machineUuid } from '../desire/identity.ts';
import { type Draft, draftFor } from './draft.ts';
import type { Facts } from './facts.ts';
import { heldStep } from './suspend.ts';

/** What rests on all of our domains being known: addresses and room that one has which was not read may be given away twice. */
const NEEDS_ALL: ReadonlySet<ActionKind> = new Set(['create', 'reserve-address', 'discard-disks']);

/** Domains that may be ours and that libvirt lists and does not describe, by the key of an object that they may be of. */
export type Unread = ReadonlyMap<string, Domain>;

/** Every domain of ours has the UUID that follows from our owner and its name, so one with another is somebody else's. */
export function unreadOf(facts: Facts): Unread {
  const { inventory, machines, uuids, desired } = facts;
  const unread = new Map<string, Domain>();
  for (const domain of inventory.domains) {
    const isOurs = uuids.has(domain.uuid) || domain.uuid === machineUuid(desired.owner, domain.name);
    if (domain.unread === undefined || !isOurs) continue;
    const wanted = [...machines.values()].find(({ uuid }) => uuid === domain.uuid);
    for (const key of wanted ? [objectKey(wanted.object)] : keysThatFit(facts, domain)) unread.set(key, domain);
  }
  return unread;
}

/** Objects that a machine of that name may be of, where the manifests do not tell. */
function keysThatFit({ desired, records }: Facts, { name }: Domain): readonly string[] {
  const applied = records.applied === 'lost' ? [] : records.applied;
  const known = [...applied, ...desired.clusters.map((cluster) => `Cluster/${cluster.name}`)];
  const clusters = known.filter(
    (key) => key.startsWith('Cluster/') && name.startsWith(`${key.slice('Cluster/'.length)}-`),
  );
  return [`Machine/${name}`, ...clusters];
}

/** One block for each. */
export function unreadDrafts(facts: Facts, unread: Unread): readonly Draft[] {
  return [...new Set(unread.values())].map((domain) => {
    const object = facts.machines.get(domain.name)?.object ?? null;
    const draft = draftFor(facts, { kind: 'Machine', name: domain.name }, object);
    draft.block({
      guard: 'DomainUnread',
      reason: `libvirt lists ${domain.name} and does not describe it: ${domain.unread}`,
      wayOut: `It is asked again every minute. A long job (a snapshot, a copy, a migration) may hold it: virsh domjobinfo ${domain.name}. If none does, look into the journal of libvirtd (virtqemud).`,
    });
    return draft;
  });
}

/** Turns the steps of an object one of whose machines was not read into waits of the same ids: nothing is taken for absent that was not seen. */
export function holdUnread(facts: Facts, unread: Unread, draft: Draft): void {
  const [any] = unread.values();
  if (!any) return;
  const own = draft.object ? unread.get(objectKey(draft.object)) : undefined;
  const isHeld = (kind: ActionKind): boolean => own !== undefined || NEEDS_ALL.has(kind);
  const held = draft.steps.filter(({ action }) => isHeld(action.kind));
  draft.steps.splice(0, draft.steps.length, ...draft.steps.filter((step) => !held.includes(step)));
  const { name } = own ?? any;
  draft.waits.push(...held.map((step) => heldStep(facts, step, `libvirt describes ${name}, before: ${step.title}`)));
}
