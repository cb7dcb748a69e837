import type { HistoryLine } from '../../model/history.ts';
import type { Files, Log } from '../../model/ports.ts';

/** One file holds at most this; a full one becomes the earlier one, whose predecessor is forgotten. */
const MOST_BYTES = 1024 * 1024;

/**
 * `history.jsonl` in the state folder and, when that was full, `history.1.jsonl`. Lines are only ever added, each in one write: what an interrupted
 * write leaves is one line that is no JSON, and is passed over.
 */
export interface HistoryFile {
  /** Oldest first. */
  read(): Promise<readonly HistoryLine[]>;
  append(lines: readonly HistoryLine[]): Promise<void>;
}

export function createHistoryFile(files: Files, stateFolder: string, log: Log): HistoryFile {
  const path = `${stateFolder}/history.jsonl`;
  const earlier = `${stateFolder}/history.1.jsonl`;
  let isFirst = true;
  const linesOf = async (file: string): Promise<readonly HistoryLine[]> => {
    try {
      return ((await files.read(file)) ?? '').split('\n').flatMap(lineOf);
    } catch (thrown) {
      log.warn({ file, error: String(thrown) }, 'history is not readable and is passed over');
      return [];
    }
  };
  return {
    read: async () => [...(await linesOf(earlier)), ...(await linesOf(path))],
    async append(lines) {
      if (lines.length === 0) return;
      await files.ensureFolder(stateFolder, 0o711);
      const size = (await files.stat(path))?.sizeBytes ?? 0;
      if (size > MOST_BYTES) await files.rename(path, earlier);
      const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
      // After a power cut the last line may be half of one: ours must not be glued to it.
      await files.append(path, isFirst && size > 0 ? `\n${text}` : text);
      isFirst = false;
    },
  };
}

const KINDS: readonly unknown[] = ['step', 'wait', 'end', 'prediction'] satisfies readonly HistoryLine['kind'][];

function lineOf(text: string): readonly HistoryLine[] {
  if (text === '') return [];
  try {
    const value: unknown = JSON.parse(text);
    return isLine(value) ? [value] : [];
  } catch {
    return [];
  }
}

function isLine(value: unknown): value is HistoryLine {
  if (typeof value !== 'object' || value === null) return false;
  const line = value as Readonly<Record<string, unknown>>;
  if (!KINDS.includes(line['kind']) || typeof line['atMs'] !== 'number') return false;
  const texts = { step: ['step', 'title', 'reason', 'what'], wait: ['wait', 'what'], end: ['outcome', 'detail'] };
  const own = texts[line['kind'] as keyof typeof texts] ?? [];
  if (!['object', 'revision', ...own].every((key) => typeof line[key] === 'string')) return false;
  if (line['kind'] === 'step') return Array.isArray(line['changes']);
  if (line['kind'] === 'wait') return typeof line['tookMs'] === 'number';
  return line['kind'] === 'end' || typeof line['predictedMs'] === 'number';
}
