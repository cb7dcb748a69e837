import { countOf, outStyle, print, type Run, runningAgent } from './command.ts';
import { EXIT } from './exit-code.ts';
import { historyText } from './view/history.ts';

interface HistoryOptions {
  readonly limit: string;
}

/** `kreconcile history [object]`: what changed, why, from which revision, how it ended and how long it took. Newest last; of one object with its steps. */
export const run: Run<HistoryOptions> = async (invocation) => {
  const { context, options, args } = invocation;
  const limit = countOf(options.limit);
  const [object] = args;
  const host = await context.openHost(options);
  const agent = await runningAgent(invocation, host);
  const all = await (agent ? agent.history(object) : host.history(object));
  const entries = all.slice(-limit);
  print(invocation, entries, () => historyText(entries, object, host.clock.now(), outStyle(invocation)));
  return EXIT.done;
};
