import { objectKey } from '../../model/mark.ts';
import type { Block, Step, Wait } from '../../model/plan.ts';
import type { Facts } from './facts.ts';

/**
 * When to look again if nothing happens: at once while something is ready, else when the next wait should be asked about, a window opens that something
 * waits for, a scheduled backup falls due, or one of `due` comes. `null`: only when something happens.
 */
export function lookAgainAtMs(
  facts: Facts,
  steps: readonly Step[],
  waits: readonly Wait[],
  blocks: readonly Block[],
  due: readonly number[],
): number | null {
  const { nowMs } = facts;
  if (steps.some((step) => step.needs.length === 0)) return nowMs;
  const polls = waits.filter((wait) => wait.needs.length === 0).map((wait) => nowMs + Math.max(100, wait.pollMs));
  const times = [...polls, ...openings(facts, blocks), ...dueBackups(facts), ...due];
  return times.length === 0 ? null : Math.min(...times);
}

function openings({ calendar, nowMs }: Facts, blocks: readonly Block[]): readonly number[] {
  return blocks.flatMap(({ guard, object }) => {
    const opensAtMs = guard === 'WindowOpen' && object ? calendar?.windows[objectKey(object)]?.nextOpenMs : null;
    return opensAtMs ? [Math.max(nowMs, opensAtMs)] : [];
  });
}

function dueBackups({ calendar, nowMs }: Facts): readonly number[] {
  return Object.values(calendar?.backups ?? {}).flatMap(({ nextDueMs }) =>
    nextDueMs === null ? [] : [Math.max(nowMs, nextDueMs)],
  );
}
