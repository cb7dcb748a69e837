import type { Desired } from '../../model/desired.ts';
import { objectKey } from '../../model/mark.ts';
import type { Note } from '../../model/plan.ts';

/** That nothing is asked of this host, or the objects of the revision that it leaves alone: each that is placed nowhere, and those of other hosts together. */
export function notTakenNotes({ notTaken, machines, clusters }: Desired): readonly Note[] {
  const nothing = { target: null, text: 'no manifest asks this host for a Cluster or a Machine' };
  const isEmpty = machines.length === 0 && clusters.length === 0;
  if (!notTaken) return isEmpty ? [nothing] : [];
  const unplaced = notTaken.unplaced.map((object) => ({
    target: null,
    text:
      `${objectKey(object)} is not taken: it names no placement.host. Write \`placement: {host: ${notTaken.host}}\` into its spec, ` +
      "or `placement: {takeUnplaced: true}` into this host's agent.yaml",
  }));
  const placed = notTaken.elsewhere.map(({ object, host }) => `${objectKey(object)} (${host})`).join(', ');
  const elsewhere = { target: null, text: `placed on other hosts than ${notTaken.host}, and not taken: ${placed}` };
  const told = notTaken.elsewhere.length === 0 ? unplaced : [...unplaced, elsewhere];
  return isEmpty && told.length === 0 ? [nothing] : told;
}
