import type { Desired } from '../../model/desired.ts';
import type { Ledger } from '../../model/ledger.ts';
import type { Observed } from '../../model/observed.ts';
import type { Block, Plan, Wait } from '../../model/plan.ts';
import { durationText } from '../../model/time-text.ts';
import { allotAddresses } from './address.ts';
import { capacityShortfalls } from './capacity.ts';
import { planCluster } from './cluster.ts';
import { planDrift } from './correct.ts';
import { planDiscards } from './discard.ts';
import type { Draft } from './draft.ts';
import { type Facts, factsOf } from './facts.ts';
import { healthReading } from './health.ts';
import { planImages } from './image.ts';
import { lookAgainAtMs } from './look-again.ts';
import { type MachineInputs, planMachine } from './machine.ts';
import { notTakenNotes } from './not-taken.ts';
import { orderSteps } from './order.ts';
import { planProgram } from './program.ts';
import { planPrune } from './prune.ts';
import { planReleases } from './release.ts';
import { holdSuspended, suspensionNotes } from './suspend.ts';
import { holdUnread, unreadDrafts, unreadOf } from './unread.ts';

const UNREACHABLE_RETRY_MS = 5_000;

/**
 * What would happen and why: the whole remaining road from observed to desired, as inert data. Pure: no clock, no chance, no IO; the same
 * inputs in any order give the same plan.
 */
export function plan(desired: Desired, observed: Observed, ledger: Ledger, nowMs: number): Plan {
  if (!observed.inventory.known) return unreachable(desired, observed.inventory, nowMs);
  const { inventory, guests, records, calendar } = observed;
  const facts = factsOf(desired, inventory.value, guests, records, ledger, nowMs, calendar ?? null);
  const images = planImages(facts);
  const inputs: MachineInputs = {
    addresses: allotAddresses(facts),
    images: images.needs,
    shortfalls: capacityShortfalls(facts),
  };
  const roads = new Map(desired.machines.map((machine) => [machine.name, planMachine(facts, machine, inputs)]));
  for (const machine of desired.machines) planProgram(facts, machine, roads.get(machine.name));
  const clusters = [...facts.clusters.values()].map((cluster) =>
    planCluster(facts, cluster, { roads, images: images.needs }),
  );
  for (const machine of desired.machines) planDrift(facts, machine, roads.get(machine.name));
  const drafts = [
    ...images.drafts,
    ...[...roads.values()].map((road) => road.draft),
    ...clusters.map(({ draft }) => draft),
    ...planPrune(facts),
    ...planReleases(facts),
    ...planDiscards(facts),
  ];
  const unread = unreadOf(facts);
  for (const draft of drafts) {
    holdSuspended(facts, draft);
    holdUnread(facts, unread, draft);
  }
  const made = compose(facts, [...drafts, ...unreadDrafts(facts, unread)]);
  const legs = clusters.flatMap((cluster) => cluster.legs);
  return legs.length === 0 ? made : { ...made, legs };
}

function compose(facts: Facts, drafts: readonly Draft[]): Plan {
  const { steps, waits } = orderSteps(
    drafts.flatMap((draft) => draft.steps),
    drafts.flatMap((draft) => draft.waits),
  );
  const blocks = [
    ...drafts.flatMap((draft) => draft.blocks),
    ...waits.filter((wait) => wait.overdue).map(overdueBlock),
  ];
  const notes = [
    ...drafts.flatMap((draft) => draft.notes),
    ...notTakenNotes(facts.desired),
    ...suspensionNotes(facts, blocks),
  ];
  return {
    revision: facts.desired.revision,
    atMs: facts.nowMs,
    steps,
    waits,
    health: healthOf(facts),
    blocks: blocks.sort((a, b) => (a.id < b.id ? -1 : 1)),
    notes: notes.sort((a, b) => (a.text < b.text ? -1 : 1)),
    lookAgainAtMs: lookAgainAtMs(
      facts,
      steps,
      waits,
      blocks,
      drafts.flatMap((draft) => draft.due),
    ),
  };
}

function healthOf(facts: Facts): Readonly<Record<string, number | null>> {
  return Object.fromEntries(
    [...facts.clusters.values()].flatMap((cluster) =>
      [...cluster.controlPlanes, ...cluster.workers].map((name) => [name, healthReading(facts, cluster, name)]),
    ),
  );
}

function overdueBlock(wait: Wait): Block {
  return {
    id: `${wait.id}/deadline`,
    target: wait.target,
    object: wait.object,
    guard: 'DeadlinePassed',
    changes: [],
    reason: `${wait.condition}: not in ${durationText(wait.timeoutMs ?? 0)}${wait.detail === '' ? '' : ` (${wait.detail})`}`,
    wayOut:
      "It goes on by itself when the condition comes true; look at the machine's console, or raise the timeout in the manifest.",
  };
}

type Unread = Extract<Observed['inventory'], { readonly known: false }>;

function unreachable(desired: Desired, { reason, error }: Unread, nowMs: number): Plan {
  const target = { kind: 'Host' as const, name: 'hypervisor' };
  return {
    revision: desired.revision,
    atMs: nowMs,
    steps: [],
    waits: [],
    notes: [],
    health: {},
    lookAgainAtMs: nowMs + UNREACHABLE_RETRY_MS,
    blocks: [
      {
        id: 'hypervisor/unreachable',
        target,
        object: null,
        guard: 'HypervisorUnreachable',
        reason,
        changes: [],
        wayOut: error?.hint ?? 'Make the hypervisor answer; kreconcile goes on by itself.',
      },
    ],
  };
}
