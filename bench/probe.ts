// What a no-op plan is made of, inside one process in a lab host. Bundled with the parts that it times:
//   node probe.js DESIRED.json
// prints {"importMs", "inventoryMs", "againMs", "planMs"}: loading the driver, the first inventory, a second one (as in a
// running agent), and one plan.
import { readFileSync } from 'node:fs';
import type { Log } from '../src/model/ports.ts';

const [, , desiredFile = ''] = process.argv;
async function timed<T>(act: () => Promise<T> | T): Promise<readonly [number, T]> {
  const began = performance.now();
  const value = await act();
  return [performance.now() - began, value];
}

const [importMs, [{ createLibvirt }, { createVirsh }, { systemExec }, { systemFiles }, { systemDownloads }, { plan }]] =
  await timed(() =>
    Promise.all([
      import('../src/drivers/hypervisor/libvirt/index.ts'),
      import('../src/virsh/virsh.ts'),
      import('../src/sys/exec.ts'),
      import('../src/sys/files.ts'),
      import('../src/sys/download.ts'),
      import('../src/reconcile/plan/index.ts'),
    ]),
  );
const quiet = () => undefined;
const log: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet, child: () => log };
const driver = createLibvirt({
  virsh: createVirsh({ exec: systemExec, uri: 'qemu:///system', log }),
  exec: systemExec,
  files: systemFiles,
  downloads: systemDownloads,
  clock: { now: () => Date.now() },
  log,
  imagesFolder: '/var/lib/libvirt/images/kreconcile',
  owner: 'kreconcile',
  allowEmulation: true,
});
const [inventoryMs] = await timed(() => driver.inventory());
const [againMs, inventory] = await timed(() => driver.inventory());
const desired = JSON.parse(readFileSync(desiredFile, 'utf8'));
const records = { applied: [], suspensions: {}, confirmations: [], deleted: [], kubeconfigs: [], backups: [] };
const observed = { inventory: { known: true, value: inventory, atMs: Date.now() }, guests: {}, records } as const;
const ledger = { revision: desired.revision, attempts: {}, since: {}, healthy: {} };
const [planMs] = await timed(() => plan(desired, observed as never, ledger as never, Date.now()));
process.stdout.write(JSON.stringify({ importMs, inventoryMs, againMs, planMs }));
