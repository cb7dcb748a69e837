import { type ObjectRef, objectKey } from '../../model/mark.ts';
import type { Draft } from './draft.ts';
import { type Facts, isConfirmed, type OwnedDomain } from './facts.ts';

/**
 * Whether what is left of an object may be deleted now; adds the block that says why not. The list of applied objects and the mark must agree;
 * a machine that is being deleted already (its object was confirmed or counted for this revision) goes on.
 */
export function isPruneAllowed(
  facts: Facts,
  object: ObjectRef,
  owned: readonly OwnedDomain[],
  isDesired: boolean,
  allowedSoFar: number,
  draft: Draft,
): boolean {
  const key = objectKey(object);
  const names = owned.map((entry) => entry.domain.name).join(', ');
  const what = names === object.name ? key : `${key} (${names})`;
  const { desired, records } = facts;
  if (owned.length === 0) return true;
  if (desired.documents === 0) {
    draft.block({
      guard: 'EmptyDesired',
      reason: `${what} would be deleted, but the revision holds no document at all`,
      wayOut: 'Commit at least one object; an empty folder deletes nothing.',
    });
    return false;
  }
  if (owned.some(({ mark }) => mark.prune === 'Disabled')) {
    draft.block({
      guard: 'PruneDisabled',
      reason: `${what} is not in the manifests, and its prune mode is Disabled`,
      wayOut: 'Put it back, or delete its machines by hand.',
    });
    return false;
  }
  const confirmed = isConfirmed(facts, object, 'delete');
  const confirm = `kreconcile confirm ${key}`;
  if (records.applied === 'lost' || !records.applied.includes(key)) {
    if (confirmed) return true;
    draft.block({
      guard: 'AppliedListLost',
      reason: `${what} is not in the manifests, and the list of applied objects ${records.applied === 'lost' ? 'is lost' : 'does not name it'}; ${lossText(owned)}`,
      wayOut: `If it is to be deleted: ${confirm}`,
    });
    return false;
  }
  if (confirmed) return true;
  if (isPersonAsked(facts, object, owned, what, draft)) return false;
  return isDesired || isWithinLimit(facts, key, what, allowedSoFar, draft);
}

/** Whether a person has to allow it first; adds the block. */
function isPersonAsked(
  facts: Facts,
  object: ObjectRef,
  owned: readonly OwnedDomain[],
  what: string,
  draft: Draft,
): boolean {
  const confirm = `kreconcile confirm ${objectKey(object)}`;
  const place = placeText(facts, object);
  if (place !== null) {
    draft.block({
      guard: 'PruneConfirm',
      reason: `${what} ${place}, and is here; to delete it here takes a person, whatever its prune mode: ${lossText(owned)}`,
      wayOut: `Place it here again (spec.placement, or host and placement.takeUnplaced in agent.yaml); to delete it here: ${confirm}`,
    });
    return true;
  }
  if (!owned.some(({ mark }) => mark.prune === 'Confirm')) return false;
  draft.block({
    guard: 'PruneConfirm',
    reason: `${what} is not in the manifests any more; its prune mode asks for a person: ${lossText(owned)}`,
    wayOut: `${confirm}, or put its manifest back`,
  });
  return true;
}

/**
 * Why an object whose manifest is there is not this host's; `null`: its manifest is gone. A host that is named otherwise today, or an agent.yaml that lost a
 * line, asks for no deletion.
 */
function placeText({ desired: { notTaken } }: Facts, object: ObjectRef): string | null {
  const key = objectKey(object);
  if (notTaken?.unplaced.some((entry) => objectKey(entry) === key))
    return `names no placement.host, and ${notTaken.host} takes only what is placed on it`;
  const host = notTaken?.elsewhere.find((entry) => objectKey(entry.object) === key)?.host;
  return host === undefined ? null : `is placed on ${host}, not on ${notTaken?.host}`;
}

/** What a person decides about: what goes, and what stays. */
function lossText(owned: readonly OwnedDomain[]): string {
  const withState = owned.filter(({ mark }) => mark.spec.stateDiskMiB !== null);
  const kept = withState.filter(({ mark }) => mark.deletionPolicy === 'Retain');
  const it = owned.length === 1 ? 'its machine goes with its' : 'its machines go with their';
  if (withState.length === 0) return `${it} disks`;
  if (kept.length === 0) return `${it} disks, the data on state disks too`;
  return `${it} root disk${owned.length === 1 ? '' : 's'}, state disks are kept under retained/`;
}

function isWithinLimit(facts: Facts, key: string, what: string, allowedSoFar: number, draft: Draft): boolean {
  const { desired, records } = facts;
  const deleted = records.deleted.filter((entry) => entry.revision === desired.revision && entry.object !== key).length;
  if (deleted + allowedSoFar < desired.maxDeletes) return true;
  draft.block({
    guard: 'PruneLimit',
    reason: `${what} is one more than the ${desired.maxDeletes} that one revision may delete`,
    wayOut: `kreconcile confirm ${key}, or delete it with a later commit`,
  });
  return false;
}
