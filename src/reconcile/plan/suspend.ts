import { objectKey } from '../../model/mark.ts';
import type { Block, Note, Step, Wait } from '../../model/plan.ts';
import type { Draft } from './draft.ts';
import type { Facts } from './facts.ts';

/** Why nothing may be done about a target now; `null` when it may. */
export function suspensionOf(
  facts: Facts,
  draft: Pick<Draft, 'target' | 'object'>,
): { reason: string; wayOut: string } | null {
  const { suspensions } = facts.records;
  const scopes = [
    'agent',
    draft.target.kind === 'Machine' ? `Node/${draft.target.name}` : '',
    `${draft.target.kind}/${draft.target.name}`,
    draft.object ? objectKey(draft.object) : '',
  ];
  for (const scope of scopes) {
    const suspension = suspensions[scope];
    if (suspension)
      return {
        reason: `${scope} is suspended: ${suspension.reason}`,
        wayOut: scope === 'agent' ? 'kreconcile resume' : `kreconcile resume ${scope}`,
      };
  }
  return isSuspendedByManifest(facts, draft)
    ? { reason: 'its manifest says suspend', wayOut: 'Commit suspend: false.' }
    : null;
}

function isSuspendedByManifest(facts: Facts, draft: Pick<Draft, 'target' | 'object'>): boolean {
  const { target, object } = draft;
  if (target.kind === 'Machine' && facts.machines.get(target.name)?.suspended) return true;
  return object?.kind === 'Cluster' && (facts.clusters.get(object.name)?.suspended ?? false);
}

const HELD = 'suspended: ';

/** Whether a wait stands for a step that a suspension holds back. */
export function isHeldBySuspension(wait: Wait): boolean {
  return wait.condition.startsWith(HELD);
}

/** A step that is held back, as a wait of the same id. */
export function heldStep({ ledger, nowMs }: Facts, step: Step, condition: string): Wait {
  return {
    id: step.id,
    target: step.target,
    object: step.object,
    condition,
    sinceMs: ledger.since[step.id] ?? nowMs,
    timeoutMs: null,
    untilMs: null,
    overdue: false,
    detail: step.reason,
    needs: step.needs,
    pollMs: 60_000,
    guest: null,
  };
}

/** Turns the steps of a suspended target into waits of the same ids, so that what needs them goes on waiting, and says so in one block. */
export function holdSuspended(facts: Facts, draft: Draft): void {
  const suspension = suspensionOf(facts, draft);
  if (!suspension || draft.steps.length === 0) return;
  const held = draft.steps.splice(0);
  draft.waits.push(...held.map((step) => heldStep(facts, step, `${HELD}${step.title}`)));
  draft.block({
    guard: 'Suspended',
    reason: `${suspension.reason}; held back: ${held.map((step) => step.title).join('; ')}`,
    wayOut: suspension.wayOut,
    changes: held.flatMap((step) => step.changes),
  });
}

/** What is suspended although nothing is held back by it now: else nobody would see it before something is. */
export function suspensionNotes(facts: Facts, blocks: readonly Block[]): readonly Note[] {
  const { desired, records } = facts;
  const byPeople = Object.entries(records.suspensions).map(([scope, { reason }]) => {
    const resume = scope === 'agent' ? 'kreconcile resume' : `kreconcile resume ${scope}`;
    return { scope, text: `${scope} is suspended: ${reason}; it goes on with: ${resume}` };
  });
  const byManifest = [
    ...desired.clusters.filter(({ suspended }) => suspended).map(({ name }) => `Cluster/${name}`),
    ...desired.machines
      .filter(({ suspended, object }) => suspended && object.kind === 'Machine')
      .map(({ object }) => objectKey(object)),
  ].map((scope) => ({ scope, text: `${scope} is suspended by its manifest` }));
  const isTold = (scope: string) =>
    blocks.some(
      ({ guard, reason, object }) =>
        guard === 'Suspended' &&
        (reason.startsWith(`${scope} is suspended`) || (object !== null && objectKey(object) === scope)),
    );
  return [...byPeople, ...byManifest]
    .filter(({ scope }) => !isTold(scope))
    .map(({ text }): Note => ({ target: null, text }));
}
