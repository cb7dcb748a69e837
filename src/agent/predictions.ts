import type { HistoryPrediction } from '../model/history.ts';

/** What a rehearsal foretold, as the command line hands it over. */
export type Foretold = Omit<HistoryPrediction, 'kind'>;

const MOST = 1_000;
const LONGEST_TEXT = 500;

/** The predictions in a request's body; `null` if it is not of that form. */
export function readPredictions(body: string): readonly Foretold[] | null {
  try {
    const value: unknown = JSON.parse(body);
    const list = isRecord(value) ? value['predictions'] : undefined;
    if (!Array.isArray(list) || list.length > MOST) return null;
    const read = list.flatMap((entry: unknown) => (isPrediction(entry) ? [entry] : []));
    return read.length === list.length ? read.map(onlyKnown) : null;
  } catch {
    return null;
  }
}

function isPrediction(entry: unknown): entry is Foretold {
  if (!isRecord(entry)) return false;
  const isText = (key: string): boolean => {
    const text = entry[key];
    return typeof text === 'string' && text !== '' && text.length <= LONGEST_TEXT;
  };
  const areNumbers = [entry['atMs'], entry['predictedMs']].every((value) => Number.isFinite(value));
  return isText('object') && isText('revision') && (entry['desired'] === undefined || isText('desired')) && areNumbers;
}

function onlyKnown({ atMs, object, revision, desired, predictedMs }: Foretold): Foretold {
  return { atMs, object, revision, predictedMs, ...(desired === undefined ? {} : { desired }) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
