import type { Run } from './command.ts';
import { EXIT } from './exit-code.ts';

interface AgentOptions {
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly speed?: string;
}

/** `kreconcile agent`: follows the source and converges the host until it is stopped. */
export const run: Run<AgentOptions> = async ({ context, options }) => {
  const { speed, ...rest } = options;
  const host = await context.openHost({ ...rest, ...(speed === undefined ? {} : { speed: Number(speed) }) });
  await host.runAgent({ signal: context.signal, control: 'required' });
  return EXIT.done;
};
