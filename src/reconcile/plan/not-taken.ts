import type { Desired } from '../../model/desired.ts';
import { objectKey } from '../../model/mark.ts';
import type { Note } from '../../model/plan.ts';

/** Objects of the revision that this host leaves alone: each that is placed nowhere, and those of other hosts together. */
export function notTakenNotes({ notTaken }: Desired): readonly Note[] {
  if (!notTaken) return [];
  const unplaced = notTaken.unplaced.map((object) => ({
    target: null,
    text:
      `${objectKey(object)} is not taken: it names no placement.host. Write \`placement: {host: ${notTaken.host}}\` into its spec, ` +
      "or `placement: {takeUnplaced: true}` into this host's agent.yaml",
  }));
  const placed = notTaken.elsewhere.map(({ object, host }) => `${objectKey(object)} (${host})`).join(', ');
  const elsewhere = { target: null, text: `placed on other hosts than ${notTaken.host}, and not taken: ${placed}` };
  return notTaken.elsewhere.length === 0 ? unplaced : [...unplaced, elsewhere];
}
