import type { Desired } from '../../model/desired.ts';
import type { HistoryEntry, HistoryLine, HistoryPrediction } from '../../model/history.ts';
import type { Ledger } from '../../model/ledger.ts';
import type { Outcome, Plan } from '../../model/plan.ts';
import type { Files, Log } from '../../model/ports.ts';
import { historyEntries, openObjects } from './entries.ts';
import { createHistoryFile } from './history-file.ts';
import { historyLines } from './lines.ts';

/** A pass as the history needs it. */
export interface HistoryPass {
  readonly ledger: Ledger;
  readonly world: { readonly desired: Desired; readonly plan: Plan } | null;
  readonly outcomes: readonly Outcome[];
}

/** What happened on this host: per object what changed, from which revision, why, how it ended and how long it took. */
export interface History {
  /** Adds what a pass tells. One that tells nothing writes nothing. */
  record(pass: HistoryPass): Promise<void>;
  /** Oldest first; of one object where it is named (`Cluster/dev`, or `dev`). */
  entries(object?: string): Promise<readonly HistoryEntry[]>;
  /** What durations are made of; see `typicalDurations`. */
  lines(): Promise<readonly HistoryLine[]>;
  /** Notes what a simulation said, to stand beside what it then takes. Safe beside a running agent. */
  predict(predictions: readonly Omit<HistoryPrediction, 'kind'>[]): Promise<void>;
}

/** `digestOf`: what is desired, without the revision's name; it finds what was foretold under another name. */
export function createHistory(
  files: Files,
  stateFolder: string,
  log: Log,
  digestOf: ((desired: Desired) => string) | null = null,
): History {
  const file = createHistoryFile(files, stateFolder, log);
  let open: Set<string> | null = null;
  let overdue: ReadonlySet<string> = new Set();
  /** Latest failure of each step: what fails again and again in the same way is told once. */
  const failures = new Map<string, string>();
  const isNew = (line: HistoryLine): boolean => {
    if (line.kind !== 'step') return true;
    if (line.error === null) return failures.delete(line.step) || true;
    const isRepeated = failures.get(line.step) === line.error;
    failures.set(line.step, line.error);
    return !isRepeated;
  };
  let revision: string | null = null;
  /** What was foretold of a folder that asked for the same counts for the commit that was made of it. */
  const takeOver = async (desired: Desired): Promise<void> => {
    if (desired.revision === revision) return;
    revision = desired.revision;
    const predictions = (await file.read()).filter((line) => line.kind === 'prediction');
    if (digestOf === null || predictions.length === 0) return;
    const digest = digestOf(desired);
    const meant = predictions.filter((entry) => entry.desired === digest);
    if (meant.some((entry) => entry.revision === revision)) return;
    const latest = [...new Map(meant.map((entry) => [entry.object, entry])).values()];
    await file.append(latest.map((entry) => ({ ...entry, revision: desired.revision })));
  };
  return {
    async record({ ledger, world, outcomes }) {
      if (world === null) return;
      await takeOver(world.desired);
      open ??= new Set(openObjects(await file.read()));
      const lines = historyLines({ ...world, ledger, outcomes, open, overdue }).filter(isNew);
      overdue = new Set(world.plan.waits.filter((wait) => wait.overdue).map((wait) => wait.id));
      await file.append(lines);
      for (const line of lines) {
        if (line.kind === 'step') open.add(line.object);
        if (line.kind === 'end') open.delete(line.object);
      }
    },
    async entries(object) {
      const all = historyEntries(await file.read());
      return object === undefined ? all : all.filter((entry) => isNamed(entry.object, object));
    },
    lines: () => file.read(),
    predict: (predictions) => file.append(predictions.map((entry) => ({ kind: 'prediction', ...entry }))),
  };
}

/** `dev`, `cluster/dev` and `Cluster/dev` mean the same. */
function isNamed(key: string, text: string): boolean {
  const wanted = text.toLowerCase();
  return key.toLowerCase() === wanted || key.slice(key.indexOf('/') + 1).toLowerCase() === wanted;
}
