import type { Terminal } from '../cli/context.ts';

const defaultColumns = 100;

/** This process's own stdout and stderr. A reader that has gone (`| head`) ends the program quietly. */
export function systemTerminal(): Terminal & { flush(): Promise<void> } {
  const { stdout, stderr, env } = process;
  const hasColor = (stream: NodeJS.WriteStream): boolean => {
    if (env['NO_COLOR']) return false;
    return env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0' ? true : stream.isTTY === true;
  };
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
  const flushed = (stream: NodeJS.WriteStream) => new Promise<void>((resolve) => stream.write('', () => resolve()));
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    isOutTerminal: stdout.isTTY === true,
    isErrTerminal: stderr.isTTY === true,
    get columns() {
      // A terminal that does not know its size says 0.
      return Math.max(40, stdout.columns || stderr.columns || defaultColumns);
    },
    outHasColor: hasColor(stdout),
    errHasColor: hasColor(stderr),
    flush: async () => {
      await Promise.all([flushed(stdout), flushed(stderr)]);
    },
  };
}
