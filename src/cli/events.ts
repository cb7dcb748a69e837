import { outStyle, type Run, runningAgent } from './command.ts';
import { EXIT } from './exit-code.ts';
import { documentText } from './view/document.ts';
import { eventText } from './view/event.ts';

interface EventOptions {
  readonly limit: string;
}

/** `kreconcile events`: what happened, newest last. */
export const run: Run<EventOptions> = async (invocation) => {
  const { context, options } = invocation;
  const host = await context.openHost(options);
  const limit = Math.max(1, Math.min(10_000, Number(options.limit) || 50));
  const agent = await runningAgent(invocation, host);
  const events = await (agent ? agent.events(limit) : host.events(limit));
  if (options.output === 'text')
    for (const event of events) context.terminal.out(eventText(event, outStyle(invocation)));
  else context.terminal.out(documentText(events, options.output));
  return EXIT.done;
};
