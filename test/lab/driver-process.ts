import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Hypervisor, HypervisorEvent } from '../../src/drivers/hypervisor/hypervisor.ts';
import { KreError } from '../../src/model/error.ts';
import { bundle } from '../../tools/bundle.ts';
import type { LabHost } from './host.ts';

/** The libvirt driver, running as the agent's user inside a lab host. */
export interface DriverProcess {
  readonly driver: Hypervisor;
  /** Programs that the driver has started since the last question. */
  takeStarted(): Promise<readonly string[]>;
  /** What it logged. */
  log(): string;
  stop(): Promise<void>;
}

const server = fileURLToPath(new URL('driver-server.ts', import.meta.url));

/** Bundles it into a folder that the user can read, and starts it. */
export async function startDriverProcess(host: LabHost, folder: string, owner: string): Promise<DriverProcess> {
  await bundle({ 'driver-server': server }, folder);
  await writeFile(join(folder, 'package.json'), '{"type": "module"}\n');
  const user = [
    'setpriv',
    '--reuid',
    'kreconcile',
    '--regid',
    'kreconcile',
    '--init-groups',
    '--pdeathsig',
    'KILL',
    '--',
  ];
  const [file = '', ...args] = host.enter([...user, process.execPath, join(folder, 'driver-server.js'), owner]);
  const child = execa(file, args, {
    cwd: '/',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/var/lib/kreconcile', LC_ALL: 'C.UTF-8' },
    extendEnv: false,
    reject: false,
    buffer: false,
    stdin: 'pipe',
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += String(chunk);
  });
  const { call, onWatch } = speak(child.stdin, child.stdout, () => log);
  let watches = 0;
  const driver = new Proxy({} as Hypervisor, {
    get: (_, method: string) => {
      if (method !== 'watch') return (...values: unknown[]) => call(method, values);
      return (onEvent: (event: HypervisorEvent) => void) => {
        const id = ++watches;
        onWatch(id, onEvent);
        void call('watch', [id]);
        return { stop: () => void call('stopWatch', [id]) };
      };
    },
  });
  return {
    driver,
    log: () => log,
    takeStarted: async () => (await call('takeStarted', [])) as readonly string[],
    stop: async () => {
      child.stdin.end();
      await child;
    },
  };
}

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { code: KreError['code']; message: string; hint: string; disposition: KreError['disposition'] };
  readonly watch?: number;
  readonly event?: HypervisorEvent;
}

function speak(input: NodeJS.WritableStream, output: NodeJS.ReadableStream, log: () => string) {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const watching = new Map<number, (event: HypervisorEvent) => void>();
  let last = 0;
  const lines = createInterface({ input: output });
  lines.on('line', (line) => {
    const answer = JSON.parse(line) as Answer;
    if (answer.watch !== undefined && answer.event) watching.get(answer.watch)?.(answer.event);
    const asker = waiting.get(answer.id ?? -1);
    waiting.delete(answer.id ?? -1);
    if (answer.error) asker?.reject(new KreError(answer.error));
    else asker?.resolve(answer.result);
  });
  lines.on('close', () => {
    for (const { reject } of waiting.values()) reject(new Error(`the driver's process has ended:\n${log()}`));
  });
  return {
    call: (method: string, args: readonly unknown[]) =>
      new Promise<unknown>((resolve, reject) => {
        const id = ++last;
        waiting.set(id, { resolve, reject });
        input.write(`${JSON.stringify({ id, method, args })}\n`);
      }),
    onWatch: (id: number, onEvent: (event: HypervisorEvent) => void) => watching.set(id, onEvent),
  };
}
