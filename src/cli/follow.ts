import type { PassReport, Verdict } from '../model/report.ts';
import { errStyle, type Invocation } from './command.ts';
import { createLiveDisplay } from './live-display.ts';
import { createProgress } from './view/progress.ts';

/** Shows reports as they come: lines that stay and, on a terminal, the state of this moment below them. */
export interface Follower {
  add(report: PassReport): void;
  /** Takes the moving part away. */
  end(): void;
}

export function followReports(invocation: Invocation, startedAtMs: number): Follower {
  const { terminal } = invocation.context;
  const display = createLiveDisplay(terminal);
  const progress = createProgress(errStyle(invocation), startedAtMs);
  return {
    add(report) {
      const { lines, frame } = progress.add(report);
      display.show(lines, frame);
    },
    end: () => display.end(),
  };
}

/** Whether a verdict is worth waiting on. A source that has not been looked at yet says nothing. */
export function isFinal(verdict: Verdict): boolean {
  return verdict !== 'working';
}
