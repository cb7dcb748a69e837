import { createHash } from 'node:crypto';
import type { Desired } from '../../model/desired.ts';

/** Digest of what a revision asks for, without its name: a folder and the commit that is made of it have the same. */
export function desiredDigest({ revision: _, ...rest }: Desired): string {
  return `sha256:${createHash('sha256').update(canonical(rest)).digest('hex')}`;
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, entry: unknown) =>
    typeof entry === 'object' && entry !== null && !Array.isArray(entry)
      ? Object.fromEntries(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1)))
      : entry,
  );
}
