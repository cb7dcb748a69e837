import { toKreError } from '../model/error.ts';
import { type AgentClient, connectAgent } from './agent-client.ts';
import { countOf, type Invocation, outStyle, type Run, remark, runningAgent } from './command.ts';
import type { Host } from './context.ts';
import { EXIT } from './exit-code.ts';
import { documentText } from './view/document.ts';
import { eventText } from './view/event.ts';

interface EventOptions {
  readonly limit: string;
  readonly follow?: boolean;
}

/** Events that one pass of the agent may add at most before the next look. */
const FOLLOWED = 1000;

/** `kreconcile events [--follow]`: what happened, newest last; with `--follow` also what happens, until stopped. */
export const run: Run<EventOptions> = async (invocation) => {
  const { context, options } = invocation;
  const limit = countOf(options.limit);
  const host = await context.openHost(options);
  if (options.follow) return follow(invocation, host, limit);
  const agent = await runningAgent(invocation, host);
  const events = await (agent ? agent.events(limit) : host.events(limit));
  if (options.output === 'text')
    for (const event of events) context.terminal.out(eventText(event, outStyle(invocation)));
  else context.terminal.out(documentText(events, options.output));
  return EXIT.done;
};

/** Each event by itself as it comes: a line of text, or a document of its own. */
async function follow(invocation: Invocation<EventOptions>, host: Host, limit: number): Promise<number> {
  const { context } = invocation;
  const agent = await connectAgent(context.http, host.config.folders.run);
  let shown = await agent.events(limit);
  for (const event of shown) show(invocation, event);
  try {
    for (let pass = 0; !context.signal.aborted; ) {
      pass = (await agent.passAfter(pass, context.signal))?.pass ?? pass;
      const latest = await agent.events(FOLLOWED);
      for (const event of newEvents(shown, latest)) show(invocation, event);
      shown = latest;
    }
  } catch (thrown) {
    if (!context.signal.aborted && !(await isGone(invocation, host))) throw toKreError(thrown);
    if (!context.signal.aborted) remark(invocation, 'The agent has stopped.');
  }
  return EXIT.done;
}

function show({ context, options, ...rest }: Invocation<EventOptions>, event: unknown): void {
  const { output } = options;
  if (output === 'text') context.terminal.out(eventText(event, outStyle({ context, options, ...rest })));
  else context.terminal.out(output === 'json' ? `${JSON.stringify(event)}\n` : `---\n${documentText(event, output)}`);
}

/** Those of the latest that come after the last one that was shown. */
function newEvents(shown: readonly unknown[], latest: readonly unknown[]): readonly unknown[] {
  const last = shown.at(-1);
  if (last === undefined) return latest;
  const text = JSON.stringify(last);
  return latest.slice(latest.findLastIndex((event) => JSON.stringify(event) === text) + 1);
}

async function isGone({ context }: Invocation, host: Host): Promise<boolean> {
  const agent: AgentClient | null = await connectAgent(context.http, host.config.folders.run).catch(() => null);
  return agent === null;
}
