import type { KreError } from '../model/error.ts';
import type { Verdict } from '../model/report.ts';

/** The exit codes of the program; docs/operations.md lists them. */
export const EXIT = {
  done: 0,
  error: 1,
  pending: 2,
  invalid: 20,
  source: 21,
  blocked: 22,
  failed: 23,
  suspended: 24,
  agentRunning: 25,
  timeout: 26,
  interrupted: 130,
} as const;

/** What a command that waits for convergence ends with. */
export const EXIT_OF_VERDICT: Readonly<Record<Verdict, number>> = {
  converged: EXIT.done,
  working: EXIT.timeout,
  blocked: EXIT.blocked,
  suspended: EXIT.suspended,
  failed: EXIT.failed,
  invalid: EXIT.invalid,
  unreachable: EXIT.source,
};

export function exitCodeOf({ code }: Pick<KreError, 'code'>): number {
  if (code.startsWith('Manifest')) return EXIT.invalid;
  if (code.startsWith('Source')) return EXIT.source;
  if (code === 'Blocked') return EXIT.blocked;
  if (code === 'Suspended') return EXIT.suspended;
  if (code === 'AgentRunning') return EXIT.agentRunning;
  return code === 'WaitTimeout' ? EXIT.timeout : EXIT.error;
}
