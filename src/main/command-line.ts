import { CommanderError } from 'commander';
import type { CliContext, CommonOptions } from '../cli/context.ts';
import { EXIT, exitCodeOf } from '../cli/exit-code.ts';
import { buildProgram } from '../cli/program.ts';
import { errorText } from '../cli/view/error.ts';
import { createStyle } from '../cli/view/style.ts';
import { KreError, toKreError } from '../model/error.ts';
import { packageVersion } from '../sys/host.ts';
import { createContext } from './context.ts';
import { systemTerminal } from './terminal.ts';

/** Runs one command line to its exit code. Errors are printed here and nowhere else. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const terminal = systemTerminal();
  const version = packageVersion();
  let exitCode: number = EXIT.done;
  const program = buildProgram(version, async (load, options, commandArgs) => {
    const run = await load();
    const context: CliContext = createContext(terminal, version);
    const common: CommonOptions = { ...options, output: options.output ?? 'text' };
    exitCode = await run({ context, options: common as never, args: commandArgs });
  });
  for (const command of [program, ...program.commands]) {
    command.configureOutput({ writeErr: () => undefined, writeOut: (text) => terminal.out(text) });
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return finish(terminal, EXIT.done);
    const isHelp = thrown instanceof CommanderError && thrown.code === 'commander.help';
    const error = isHelp ? noCommand() : thrown instanceof CommanderError ? usageError(thrown) : toKreError(thrown);
    if (isHelp) terminal.err(program.helpInformation());
    const useColor = terminal.errHasColor && !args.includes('--no-color');
    terminal.err(errorText(error, createStyle(useColor)));
    exitCode = exitCodeOf(error);
  }
  return finish(terminal, exitCode);
}

async function finish(terminal: { flush(): Promise<void> }, exitCode: number): Promise<number> {
  await terminal.flush();
  return exitCode;
}

function usageError(thrown: CommanderError): KreError {
  const [message = '', ...more] = thrown.message.replace(/^error: /, '').split('\n');
  const suggestion = more
    .join(' ')
    .trim()
    .replace(/^\(|\)$/g, '');
  return new KreError({
    code: 'Usage',
    message,
    hint: suggestion === '' ? '`kreconcile help` shows the commands and their options.' : suggestion,
    disposition: 'stalled',
  });
}

function noCommand(): KreError {
  return new KreError({
    code: 'Usage',
    message: 'no command was given',
    hint: 'Name one of the commands above; `kreconcile demo` shows what it is about.',
    disposition: 'stalled',
  });
}
