import type { HistoryEntry, HistoryLine, HistoryPrediction } from '../../model/history.ts';
import type { FieldChange } from '../../model/plan.ts';

interface Open {
  readonly lines: HistoryLine[];
}

/** Changes of objects from lines, oldest first. Lines whose beginning was lost make an entry of their own. Pure. */
export function historyEntries(lines: readonly HistoryLine[]): readonly HistoryEntry[] {
  const predictions: HistoryPrediction[] = [];
  const open = new Map<string, Open>();
  const all: Open[] = [];
  for (const line of lines) {
    if (line.kind === 'prediction') {
      predictions.push(line);
      continue;
    }
    const present = open.get(line.object);
    // An end without anything before it is of a change that lies before the file's beginning.
    if (!present && line.kind !== 'step') continue;
    const change = present ?? { lines: [] };
    if (!present) all.push(change);
    change.lines.push(line);
    if (line.kind === 'end') open.delete(line.object);
    else open.set(line.object, change);
  }
  return toldOnce(all.map((change) => entryOf(change.lines, predictions)));
}

/**
 * What was foretold of a revision stands once for each object: at the entry with which its change came to its end, not at those where it was held back
 * before (by its window, say), nor at what is cleared away long after.
 */
function toldOnce(entries: readonly HistoryEntry[]): readonly HistoryEntry[] {
  const keyOf = ({ object, revisions }: HistoryEntry) => JSON.stringify([object, revisions[0]]);
  const beganAtMs = new Map<string, number>();
  const spent = new Set<string>();
  return entries.map((entry, index) => {
    if (entry.predictedMs === null) return entry;
    const key = keyOf(entry);
    const goesOn = entry.outcome === 'blocked' && entries.slice(index + 1).some((later) => keyOf(later) === key);
    if (spent.has(key) || goesOn) {
      if (!beganAtMs.has(key)) beganAtMs.set(key, entry.beganAtMs);
      return { ...entry, predictedMs: null };
    }
    spent.add(key);
    const predictedFromMs = beganAtMs.get(key);
    return predictedFromMs === undefined ? entry : { ...entry, predictedFromMs };
  });
}

/** Objects with a change under way. */
export function openObjects(lines: readonly HistoryLine[]): ReadonlySet<string> {
  const entries = historyEntries(lines);
  return new Set(entries.filter((entry) => entry.endedAtMs === null).map((entry) => entry.object));
}

function entryOf(lines: readonly HistoryLine[], predictions: readonly HistoryPrediction[]): HistoryEntry {
  const steps = lines.filter((line) => line.kind === 'step');
  const end = lines.find((line) => line.kind === 'end');
  const object = steps[0]?.object ?? '';
  const revisions = [...new Set(lines.map((line) => line.revision))];
  const predicted = predictions.findLast((entry) => entry.object === object && revisions.includes(entry.revision));
  const first = steps[0];
  return {
    object,
    revisions,
    beganAtMs: (first?.atMs ?? 0) - (first?.tookMs ?? 0),
    endedAtMs: end?.atMs ?? null,
    outcome: end?.outcome ?? 'under-way',
    detail: end?.detail ?? '',
    predictedMs: predicted?.predictedMs ?? null,
    changes: unique(steps.filter((step) => step.error === null).flatMap((step) => step.changes)),
    steps,
    waits: lines.filter((line) => line.kind === 'wait'),
  };
}

function unique(changes: readonly FieldChange[]): readonly FieldChange[] {
  return [...new Map(changes.map((change) => [JSON.stringify(change), change])).values()];
}
