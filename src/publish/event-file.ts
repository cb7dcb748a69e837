import type { Files, Log } from '../model/ports.ts';
import type { AgentEvent } from './events.ts';

const keptEvents = 1000;
/** A failure that is tried again and again is one event in this time. */
const repeatMs = 300_000;

/** `events.jsonl` in the state folder: the latest thousand events, one a line, oldest first. */
export interface EventFile {
  /** Adds what is new; a warning that was told less than five minutes ago is not told again. */
  append(events: readonly AgentEvent[]): Promise<void>;
  /** The latest `limit` events, oldest first. */
  latest(limit: number): Promise<readonly AgentEvent[]>;
}

export function createEventFile(files: Files, stateFolder: string, log: Log): EventFile {
  const path = `${stateFolder}/events.jsonl`;
  let known: readonly AgentEvent[] | null = null;
  const load = async (): Promise<readonly AgentEvent[]> => {
    known ??= await readEvents(files, path, log);
    return known;
  };
  return {
    async append(events) {
      let all = await load();
      for (const event of events) if (!isRepeated(event, all)) all = [...all, event];
      if (all === known) return;
      known = all.slice(-keptEvents);
      await files.ensureFolder(stateFolder, 0o711);
      await files.write(path, known.map((event) => `${JSON.stringify(event)}\n`).join(''), { mode: 0o600 });
    },
    latest: async (limit) => (limit <= 0 ? [] : (await load()).slice(-limit)),
  };
}

async function readEvents(files: Files, path: string, log: Log): Promise<readonly AgentEvent[]> {
  try {
    const lines = ((await files.read(path)) ?? '').split('\n');
    return lines.flatMap((line) => readEvent(line));
  } catch (thrown) {
    log.warn({ file: path, error: String(thrown) }, 'event history is not readable and begins anew');
    return [];
  }
}

function readEvent(line: string): readonly AgentEvent[] {
  try {
    const value: unknown = JSON.parse(line);
    return isEvent(value) ? [value] : [];
  } catch {
    return [];
  }
}

function isEvent(value: unknown): value is AgentEvent {
  if (typeof value !== 'object' || value === null) return false;
  const { atMs, object, reason, message } = value as Partial<AgentEvent>;
  return typeof atMs === 'number' && [object, reason, message].every((text) => typeof text === 'string');
}

function isRepeated(event: AgentEvent, before: readonly AgentEvent[]): boolean {
  if (event.type !== 'Warning') return false;
  return before.some(
    ({ object, reason, message, atMs }) =>
      event.atMs - atMs < repeatMs && object === event.object && reason === event.reason && message === event.message,
  );
}
