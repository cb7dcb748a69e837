import type { Log } from '../model/ports.ts';
import type { Status, StatusBlock } from '../model/status.ts';

/**
 * What a guard holds back, or that nothing holds it back any more, once each for the journal. `before`: what this process told last, so
 * that one that has just started says how things stand.
 */
export function logBlocks(before: Status | null, after: Status, log: Log): void {
  const known = keysOf(before);
  const present = keysOf(after);
  for (const block of after.blocks) {
    const { target, guard, reason, wayOut } = block;
    if (!known.has(keyOf(block))) log.warn({ target, guard, reason, hint: wayOut }, 'guard holds back');
  }
  for (const block of before?.blocks ?? []) {
    const { target, guard } = block;
    if (!present.has(keyOf(block))) log.info({ target, guard }, 'guard holds back no more');
  }
}

function keysOf(status: Status | null): ReadonlySet<string> {
  return new Set(status?.blocks.map(keyOf));
}

function keyOf({ target, guard }: StatusBlock): string {
  return `${guard} ${target}`;
}
