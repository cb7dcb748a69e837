import type { PassReport } from '../model/report.ts';

/** The latest report, for those who follow the agent. */
export interface Reports {
  add(report: PassReport): void;
  last(): PassReport | null;
  /** The first report with a number greater than `pass`, as soon as there is one; `null` when `signal` aborts before. */
  after(pass: number, signal: AbortSignal): Promise<PassReport | null>;
}

/** Keeps one report. Who follows too slowly misses reports and still learns where things stand. */
export function createReports(): Reports {
  let last: PassReport | null = null;
  const listeners = new Set<(report: PassReport) => void>();
  return {
    add(report) {
      last = report;
      for (const listener of [...listeners]) listener(report);
    },
    last: () => last,
    after(pass, signal) {
      if (last && last.pass > pass) return Promise.resolve(last);
      return new Promise((resolve) => {
        const done = (report: PassReport | null): void => {
          listeners.delete(listen);
          signal.removeEventListener('abort', abort);
          resolve(report);
        };
        const listen = (report: PassReport): void => {
          if (report.pass > pass) done(report);
        };
        const abort = (): void => done(null);
        if (signal.aborted) return abort();
        listeners.add(listen);
        signal.addEventListener('abort', abort, { once: true });
      });
    },
  };
}
