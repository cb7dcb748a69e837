import { KreError, toKreError } from '../model/error.ts';
import { type AgentClient, connectAgent } from './agent-client.ts';
import type { CliContext, CommonOptions, Host } from './context.ts';
import { documentText } from './view/document.ts';
import { createStyle, type Style } from './view/style.ts';

/** What a command is called with. */
export interface Invocation<O = object> {
  readonly context: CliContext;
  readonly options: CommonOptions & O;
  readonly args: readonly string[];
}

/** Runs a command; resolves with the exit code, rejects with a `KreError`. */
export type Run<O = object> = (invocation: Invocation<O>) => Promise<number>;

export function outStyle({ context, options }: Invocation): Style {
  return createStyle(options.color && context.terminal.outHasColor);
}

export function errStyle({ context, options }: Invocation): Style {
  return createStyle(options.color && context.terminal.errHasColor);
}

/** Prints a result: `text` for people, else the value as a document. */
export function print(invocation: Invocation, value: unknown, text: () => string): void {
  const { output } = invocation.options;
  invocation.context.terminal.out(output === 'text' ? text() : documentText(value, output));
}

/** How many at most, as an option says; `Usage` for what is no number from 1 to 10000. */
export function countOf(text: string): number {
  const count = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= 10_000) return count;
  throw new KreError({
    code: 'Usage',
    message: `${text} is not a number from 1 to 10000`,
    hint: 'Write it as --limit 50.',
    disposition: 'stalled',
  });
}

/** One remark for people on stderr. */
export function remark(invocation: Invocation, text: string): void {
  invocation.context.terminal.err(`${errStyle(invocation).dim(text)}\n`);
}

/** The agent that serves this host; `null` if none does or it serves another hypervisor. Not being allowed to ask is told. */
export async function runningAgent(invocation: Invocation, host: Host): Promise<AgentClient | null> {
  try {
    const agent = await connectAgent(invocation.context.http, host.config.folders.run);
    return agent.identity.uri === host.config.hypervisor.uri ? agent : null;
  } catch (thrown) {
    const error = toKreError(thrown);
    if (error.code === 'AgentNotRunning') return null;
    if (error.code !== 'StatePermission' && error.code !== 'WaitTimeout') throw error;
    remark(invocation, `The agent cannot be asked: ${error.message}. ${error.hint}`);
    return null;
  }
}
