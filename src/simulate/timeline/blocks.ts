import type { Block } from '../../model/plan.ts';
import type { SimulatedBlock } from '../../model/simulation.ts';

/** A block that is over so soon is one of a guest that starts, or of a reading that has not come yet. */
const MOMENTARY_MS = 60_000;

/** Which guards forbade what, from when until when. Times count from the start. */
export interface BlockLog {
  add(blocks: readonly Block[], atMs: number): void;
  /** Those that somebody could have noticed, and those that stand at the end. */
  all(): readonly SimulatedBlock[];
}

export function createBlockLog(): BlockLog {
  const entries: { id: string; block: SimulatedBlock }[] = [];
  const open = new Map<string, { id: string; block: SimulatedBlock }>();
  return {
    add(blocks, atMs) {
      const present = new Set(blocks.map((block) => block.id));
      for (const [id, entry] of open) {
        if (present.has(id)) continue;
        open.delete(id);
        entry.block = { ...entry.block, endMs: atMs };
      }
      for (const { id, guard, target, object, reason, wayOut } of blocks) {
        const known = open.get(id);
        const startMs = known?.block.startMs ?? atMs;
        const entry = known ?? { id, block: { guard, target, object, reason, wayOut, startMs, endMs: null } };
        entry.block = { ...entry.block, guard, reason, wayOut };
        if (known) continue;
        open.set(id, entry);
        entries.push(entry);
      }
    },
    all: () =>
      entries
        .map(({ block }) => block)
        .filter((block) => block.endMs === null || block.endMs - block.startMs > MOMENTARY_MS),
  };
}
