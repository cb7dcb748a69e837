import { toKreError } from '../../../model/error.ts';
import type { HostOperation } from '../../../model/observed.ts';
import type { Clock, Log } from '../../../model/ports.ts';

/** How far an operation is: 0 to 1, `null` while that is not known; and what it does, for people. */
export type ReportProgress = (progress: number | null, message: string) => void;

/** What is to be done; resolves with what came of it, for people. Should end soon once the signal says so. */
export type LongWork = (report: ReportProgress, signal: AbortSignal) => Promise<string>;

/** The long work of this process, running and ended; what ended is kept until the same is asked for again. */
export interface HostOperations {
  /** Starts the work, unless one of this id runs. That it fails is logged and shown, never thrown. */
  begin(id: string, work: LongWork): void;
  isRunning(id: string): boolean;
  /** Ends those that run and whose id is meant; resolves when they have ended. */
  stop(isMeant: (id: string) => boolean): Promise<void>;
  list(): readonly HostOperation[];
}

interface Entry {
  shown: HostOperation;
  readonly ended: Promise<void>;
  readonly abort: AbortController;
}

export function createHostOperations({ clock, log }: { readonly clock: Clock; readonly log: Log }): HostOperations {
  const entries = new Map<string, Entry>();
  const isRunning = (id: string): boolean => entries.get(id)?.shown.state === 'running';
  const begin = (id: string, work: LongWork): void => {
    if (isRunning(id)) return;
    const set = (change: Partial<HostOperation>): void => {
      entry.shown = { ...entry.shown, ...change };
    };
    const abort = new AbortController();
    const started = { id, state: 'running', startedAtMs: clock.now(), endedAtMs: null, progress: null } as const;
    // In a turn of its own, so that the entry is there when the work first reports.
    const ended = Promise.resolve()
      .then(() => work((progress, message) => set({ progress, message }), abort.signal))
      .then(
        (message) => set({ state: 'succeeded', endedAtMs: clock.now(), progress: 1, message }),
        (thrown: unknown) => {
          const error = toKreError(thrown);
          log.warn({ operation: id, code: error.code, reason: error.message }, 'an operation on this host has failed');
          set({ state: 'failed', endedAtMs: clock.now(), message: `${error.code}: ${error.message} (${error.hint})` });
        },
      );
    const entry: Entry = { shown: { ...started, message: 'starting' }, ended, abort };
    entries.set(id, entry);
  };
  return {
    begin,
    isRunning,
    stop: async (isMeant) => {
      const running = [...entries.values()].filter(({ shown }) => shown.state === 'running' && isMeant(shown.id));
      for (const { abort } of running) abort.abort();
      await Promise.all(running.map(({ ended }) => ended));
    },
    list: () => [...entries.values()].map(({ shown }) => shown),
  };
}
