import { KreError, toKreError } from '../model/error.ts';
import { parseDurationMs } from '../model/quantity.ts';
import type { PassReport } from '../model/report.ts';
import { abortAfter } from '../reconcile/abort-after.ts';
import { errStyle, type Invocation, outStyle, print, type Run } from './command.ts';
import type { Host } from './context.ts';
import { EXIT, EXIT_OF_VERDICT } from './exit-code.ts';
import { followReports, isFinal } from './follow.ts';
import { asError } from './plan.ts';
import { summaryText } from './view/summary.ts';

/** Passes that may end in an error before that counts as the answer. */
const MOST_ERRORS = 3;

interface ApplyOptions {
  readonly timeout: string;
}

/** `kreconcile apply`: runs passes until the host is as asked, or cannot get there. For hosts without an agent. */
export const run: Run<ApplyOptions> = async (invocation) => {
  const { context, options } = invocation;
  const timeoutMs = timeoutOf(options.timeout);
  const host = await context.openHost({ logLevel: 'silent', ...options });
  const newest = await host.newest();
  if (!newest.ok) throw (await import('../model/problem.ts')).problemsError(newest.problems);
  const last = await converge(invocation, host, newest.revision, timeoutMs);
  return conclude(invocation, last, options.timeout);
};

export function timeoutOf(text: string): number {
  const timeoutMs = parseDurationMs(text);
  if (timeoutMs !== null) return timeoutMs;
  throw new KreError({
    code: 'Usage',
    message: `${text} is not a duration`,
    hint: 'Write it as 90s, 15m or 1h30m.',
    disposition: 'stalled',
  });
}

/** Runs the agent until its verdict on the revision is final. The last report, `null` if there was none. */
async function converge(
  invocation: Invocation,
  host: Host,
  revision: string,
  timeoutMs: number,
): Promise<PassReport | null> {
  const { context } = invocation;
  const follower = followReports(invocation, host.clock.now());
  const stop = new AbortController();
  const signal = abortAfter(timeoutMs, context.signal, stop.signal);
  let last: PassReport | null = null;
  const onReport = (report: PassReport): void => {
    last = report;
    follower.add(report);
    // What was enforced before the newest revision was taken over does not count: it is attempted a moment before that.
    const isNewest = report.plan?.revision === revision || report.source.problem !== null;
    if (isNewest && isFinal(report.verdict)) stop.abort();
  };
  let broken: KreError | null = null;
  const onError = (error: KreError, inARow: number): void => {
    if (inARow < MOST_ERRORS) return;
    broken = error;
    stop.abort();
  };
  try {
    await host.runAgent({ signal, control: 'if possible', onReport, onError });
    if (broken) throw broken;
  } catch (thrown) {
    throw withHint(toKreError(thrown));
  } finally {
    follower.end();
  }
  return last;
}

function withHint(error: KreError): KreError {
  if (error.code !== 'AgentRunning') return error;
  const hint = 'The running agent converges this host: `kreconcile reconcile --wait` makes it look now and waits.';
  const { code, message, disposition, cause } = error;
  return new KreError({ code, message, hint, disposition, cause });
}

const GOES_ON = 'What was begun goes on when somebody looks again.';

function nothingReported(timeout: string): KreError {
  return new KreError({
    code: 'WaitTimeout',
    message: `source and host were not looked at to the end within ${timeout}`,
    hint: `${GOES_ON} Give it longer with --timeout; kreconcile plan shows what would be done.`,
    disposition: 'wait',
  });
}

/** Prints where things stand and resolves with the exit code; how it was interrupted counts more than how it stands. `WaitTimeout` if nothing was reported. */
export function conclude(invocation: Invocation, last: PassReport | null, timeout: string): number {
  const { context } = invocation;
  if (!last && context.signal.aborted) return EXIT.interrupted;
  if (!last) throw nothingReported(timeout);
  const { source, plan, verdict, endedAtMs } = last;
  print(invocation, { verdict, source, ...(plan ?? {}) }, () => summaryText(last, outStyle(invocation)));
  if (source.problem) throw asError(source.problem);
  if (context.signal.aborted) {
    context.terminal.err(errStyle(invocation).warn(`Stopped. ${GOES_ON}\n`));
    return EXIT.interrupted;
  }
  if (verdict === 'working') context.terminal.err(errStyle(invocation).warn(`Not done after ${timeout}. ${GOES_ON}\n`));
  return endedAtMs > 0 ? EXIT_OF_VERDICT[verdict] : EXIT.error;
}
