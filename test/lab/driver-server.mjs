// Serves the libvirt driver over its standard input and output, one JSON value a line, so that a test can use it as
// the agent's user inside a lab host. Plain JavaScript: it runs beside the built program, without the sources.
//   node driver-server.mjs PROGRAM_FOLDER OWNER
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [, , program, owner] = process.argv;
const built = (path) => import(pathToFileURL(join(program, 'dist', path)).href);
const { createLibvirt } = await built('drivers/hypervisor/libvirt/index.js');
const { createVirsh } = await built('virsh/virsh.js');
const { systemClock } = await built('sys/clock.js');
const { systemDownloads } = await built('sys/download.js');
const { systemExec } = await built('sys/exec.js');
const { systemFiles } = await built('sys/files.js');

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const note = (level) => (fields, message) => process.stderr.write(`${level} ${message} ${JSON.stringify(fields)}\n`);
const log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error'), child: () => log };
const started = [];
const exec = {
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
const watches = new Map();

const calls = {
  watch: (id) =>
    void watches.set(
      id,
      driver.watch((event) => say({ watch: id, event })),
    ),
  stopWatch: (id) => void watches.get(id)?.stop(),
  /** Programs started since the last question. */
  takeStarted: () => started.splice(0),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, args } = JSON.parse(line);
  Promise.resolve()
    .then(() => (calls[method] ?? driver[method])(...args))
    .then(
      (result) => say({ id, result }),
      ({ code, message, hint, disposition, stack }) => say({ id, error: { code, message, hint, disposition, stack } }),
    );
}
for (const watching of watches.values()) watching.stop();
