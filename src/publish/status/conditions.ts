import type { Block, GuardName, Plan } from '../../model/plan.ts';
import type { Condition } from '../../model/status.ts';

/** Guards that open by themselves when time passes or something else comes to its end. All others need a person or a commit. */
const passing: readonly GuardName[] = [
  'ImageReady',
  'NetworkReady',
  'GuestAgentConnected',
  'ControlPlaneStable',
  'Quorum',
  'BackupFresh',
  'WindowOpen',
  'Blocker',
  'HypervisorUnreachable',
];

/** How something is by itself, apart from what is planned for it. */
export type Health = Pick<Condition, 'status' | 'reason' | 'message'>;

/** The part of a plan that is about one object or machine. */
export type Share = Pick<Plan, 'steps' | 'waits' | 'blocks'>;

/**
 * kstatus conditions: Ready is True only for what is well and as desired; Reconciling and Stalled are there only while True.
 * Stalled: neither time nor another try will help, only a person or a commit.
 */
export function conditionsOf(
  health: Health,
  share: Share,
  previous: readonly Condition[],
  nowMs: number,
): readonly Condition[] {
  const stalled = stalledBy(share);
  const moving = reconcilingBy(share, stalled !== null);
  const unfinished = stalled ?? reconcilingBy(withoutUpkeep(share), false) ?? heldBy(share);
  const drafts: Draft[] = [{ type: 'Ready', ...readiness(health, unfinished, stalled !== null) }];
  if (moving) drafts.push({ type: 'Reconciling', status: 'True', ...moving });
  if (stalled) drafts.push({ type: 'Stalled', status: 'True', ...stalled });
  return drafts.map((draft) => ({ ...draft, sinceMs: sinceOf(draft, previous, nowMs) }));
}

/** What keeps house on something that is as desired: a backup by the clock or on demand, the removal of an old root disk, a newer in-guest program. */
const UPKEEP = /^machine\/[^/]+\/(?:backup|fetch-backup|drop-previous|program)(?:\/|$)/;

/** Upkeep says nothing against what runs; a backup before a change comes with the steps of that change. */
function withoutUpkeep({ steps, waits, blocks }: Share): Share {
  const isChange = ({ id }: { readonly id: string }) => !UPKEEP.test(id);
  return { steps: steps.filter(isChange), waits: waits.filter(isChange), blocks };
}

type Draft = Omit<Condition, 'sinceMs'>;
type Because = Pick<Condition, 'reason' | 'message'>;

/** What is not well says why by itself, unless it is stalled: then that is what a person must know. */
function readiness(health: Health, because: Because | null, isStalled: boolean): Health {
  if (because === null || because.reason === ROLLED_BACK || (health.status !== 'True' && !isStalled)) return health;
  return { status: 'False', ...because };
}

/** What a suspension holds back. It neither moves nor stalls: somebody wanted it so. */
function heldBy({ blocks }: Share): Because | null {
  const held = blocks.find(({ guard }) => guard === 'Suspended');
  return held ? { reason: 'Suspended', message: blockText(held) } : null;
}

/** What failed and was taken back. What runs meanwhile is judged by itself. */
const ROLLED_BACK = 'RolledBack';

function stalledBy({ blocks, waits }: Share): Because | null {
  const taken = blocks.find(({ guard }) => guard === 'Quarantined');
  if (taken) return { reason: ROLLED_BACK, message: blockText(taken) };
  const block = blocks.find(({ guard }) => guard !== 'Suspended' && !passing.includes(guard));
  if (block) return { reason: block.guard, message: blockText(block) };
  const overdue = waits.find((wait) => wait.overdue);
  return overdue ? { reason: 'DeadlinePassed', message: `overdue: ${overdue.condition}` } : null;
}

function reconcilingBy({ steps, waits, blocks }: Share, isStalled: boolean): Because | null {
  const retry = waits.find((wait) => /\/(backoff|pause)$/.test(wait.id));
  if (retry) return { reason: 'ProgressingWithRetry', message: retry.detail || retry.condition };
  const isHeld = blocks.some(({ guard }) => guard === 'Suspended');
  const wait = waits.find(({ overdue, needs }) => !overdue && needs.length === 0 && !isHeld);
  if (wait) return { reason: 'Progressing', message: `waiting: ${wait.condition}` };
  const [step] = steps;
  if (step && !isStalled) return { reason: 'Progressing', message: step.title };
  const passingBlock = blocks.find(({ guard }) => passing.includes(guard));
  return passingBlock ? { reason: 'DependencyNotReady', message: blockText(passingBlock) } : null;
}

function blockText({ reason, wayOut }: Block): string {
  return wayOut === '' ? reason : `${reason} (${wayOut})`;
}

/** Kept while status and reason stay, whatever the message says. */
function sinceOf(draft: Draft, previous: readonly Condition[], nowMs: number): number {
  const before = previous.find(({ type }) => type === draft.type);
  return before?.status === draft.status && before.reason === draft.reason ? before.sinceMs : nowMs;
}
