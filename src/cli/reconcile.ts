import { KreError } from '../model/error.ts';
import type { PassReport } from '../model/report.ts';
import { abortAfter } from '../reconcile/abort-after.ts';
import { connectAgent } from './agent-client.ts';
import { conclude, timeoutOf } from './apply.ts';
import { type Run, remark } from './command.ts';
import { EXIT } from './exit-code.ts';
import { followReports, isFinal } from './follow.ts';

interface ReconcileOptions {
  readonly wait?: boolean;
  readonly timeout: string;
}

/** `kreconcile reconcile`: asks the running agent to look at the source and the host now. With `--wait` until it has converged. */
export const run: Run<ReconcileOptions> = async (invocation) => {
  const { context, options } = invocation;
  const timeoutMs = timeoutOf(options.timeout);
  const host = await context.openHost(options);
  const agent = await connectAgent(context.http, host.config.folders.run);
  const follower = followReports(invocation, host.clock.now());
  let last = await agent.reconcile();
  if (!options.wait) {
    remark(invocation, 'The agent has looked; see kreconcile status.');
    return EXIT.done;
  }
  const signal = abortAfter(timeoutMs, context.signal);
  try {
    if (last) follower.add(last);
    while (last && !isFinal(last.verdict) && !signal.aborted) {
      const next: PassReport | null = await agent.passAfter(last.pass, signal).catch(orNull(signal));
      if (next) follower.add(next);
      last = next ?? last;
    }
  } finally {
    follower.end();
  }
  if (!last) throw stopped();
  return conclude(invocation, last, options.timeout);
};

function orNull(signal: AbortSignal): (thrown: unknown) => null {
  return (thrown) => {
    if (signal.aborted) return null;
    throw thrown;
  };
}

function stopped(): KreError {
  return new KreError({
    code: 'AgentNotRunning',
    message: 'the agent stopped while it was waited for',
    hint: 'systemctl status kreconcile tells why.',
    disposition: 'stalled',
  });
}
