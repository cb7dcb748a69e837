// Serves the libvirt driver over its standard input and output, one JSON value a line, so that a test can use it as
// the agent's user inside a lab host, where the sources are not: it is bundled with the driver.
//   node driver-server.js OWNER
import { createInterface } from 'node:readline';
import type { HypervisorEvent } from '../../src/drivers/hypervisor/hypervisor.ts';
import { createLibvirt } from '../../src/drivers/hypervisor/libvirt/index.ts';
import { toKreError } from '../../src/model/error.ts';
import type { Exec, Log } from '../../src/model/ports.ts';
import { systemClock } from '../../src/sys/clock.ts';
import { systemDownloads } from '../../src/sys/download.ts';
import { systemExec } from '../../src/sys/exec.ts';
import { systemFiles } from '../../src/sys/files.ts';
import { createVirsh } from '../../src/virsh/virsh.ts';

const [, , owner = ''] = process.argv;
const say = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
const note = (level: string) => (fields: object, message: string) => {
  process.stderr.write(`${level} ${message} ${JSON.stringify(fields)}\n`);
};
const log: Log = {
  debug: note('debug'),
  info: note('info'),
  warn: note('warn'),
  error: note('error'),
  child: () => log,
};
const started: string[] = [];
const exec: Exec = {
  run: (request) => {
    started.push(request.program);
    return systemExec.run(request);
  },
  stream: systemExec.stream,
};
const driver = createLibvirt({
  virsh: createVirsh({ exec, uri: 'qemu:///system', log }),
  exec,
  files: systemFiles,
  downloads: systemDownloads,
  clock: systemClock,
  log,
  imagesFolder: '/var/lib/libvirt/images/kreconcile',
  owner,
  allowEmulation: true,
});
const watches = new Map<number, { stop(): void }>();

type Call = (...args: never[]) => unknown;
const calls: Readonly<Record<string, Call>> = {
  ...(driver as unknown as Readonly<Record<string, Call>>),
  watch: (id: number) => {
    const watching = driver.watch((event: HypervisorEvent) => say({ watch: id, event }));
    watches.set(id, watching);
  },
  stopWatch: (id: number) => watches.get(id)?.stop(),
  /** Programs started since the last question. */
  takeStarted: () => started.splice(0),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, args } = JSON.parse(line) as { id: number; method: string; args: never[] };
  void Promise.resolve()
    .then(() => calls[method]?.(...args))
    .then(
      (result) => say({ id, result }),
      (thrown: unknown) => {
        const { code, message, hint, disposition, stack } = toKreError(thrown);
        say({ id, error: { code, message, hint, disposition, stack } });
      },
    );
}
for (const watching of watches.values()) watching.stop();
