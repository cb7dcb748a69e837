import type { Status } from '../model/status.ts';
import type { AgentClient } from './agent-client.ts';
import { type Invocation, outStyle, print, type Run, remark, runningAgent } from './command.ts';
import type { Host } from './context.ts';
import { EXIT } from './exit-code.ts';
import { statusText } from './view/status.ts';

interface StatusOptions {
  readonly watch?: boolean;
}

const DEFAULT_INTERVAL_MS = 2_000;

/** `kreconcile status`: where every cluster and machine stands; of the running agent, else looked at now. */
export const run: Run<StatusOptions> = async (invocation) => {
  const { context, options } = invocation;
  const host = await context.openHost(options);
  let isFirst = true;
  do {
    const agent = await runningAgent(invocation, host);
    const status = await statusFrom(invocation, host, agent, isFirst);
    if (options.watch && options.output === 'text') show(invocation, status);
    else print(invocation, status, () => statusText(status, outStyle(invocation)));
    isFirst = false;
    if (options.watch) await pause(DEFAULT_INTERVAL_MS, context.signal);
  } while (options.watch && !context.signal.aborted);
  return EXIT.done;
};

async function statusFrom(
  invocation: Invocation,
  host: Host,
  agent: AgentClient | null,
  isFirst: boolean,
): Promise<Status> {
  const told = await agent?.status();
  if (told) return told;
  const look = await host.look(agent ? await agent.readings() : undefined, { evenWithoutSource: true });
  if (isFirst) {
    remark(
      invocation,
      agent ? 'The agent has not finished its first pass; looked at now.' : 'No agent is running; looked at now.',
    );
    for (const caveat of look.caveats) remark(invocation, caveat);
  }
  return look.status;
}

/** On a terminal the screen is drawn over; elsewhere each status follows the one before. */
function show(invocation: Invocation, status: Status): void {
  const { terminal } = invocation.context;
  const clear = terminal.isOutTerminal ? '\u001b[H\u001b[2J' : '';
  terminal.out(`${clear}${statusText(status, outStyle(invocation))}${terminal.isOutTerminal ? '' : '\n'}`);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
