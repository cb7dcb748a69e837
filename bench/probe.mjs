// What a no-op plan is made of, inside one process in a lab host, by the built parts:
//   node probe.mjs DIST DESIRED.json
// prints {"importMs", "inventoryMs", "againMs", "planMs", "left"}: loading the driver, the first inventory, a second one (as in a
// running agent), one plan, and how many steps, waits and blocks it has.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , dist, desiredFile] = process.argv;
const built = (path) => import(pathToFileURL(join(dist, path)).href);
const timed = async (act) => {
  const began = performance.now();
  const value = await act();
  return [performance.now() - began, value];
};
const [importMs, [{ createLibvirt }, { createVirsh }, { systemExec }, { systemFiles }, { plan }]] = await timed(() =>
  Promise.all(
    [
      'drivers/hypervisor/libvirt/index.js',
      'virsh/virsh.js',
      'sys/exec.js',
      'sys/files.js',
      'reconcile/plan/index.js',
    ].map(built),
  ),
);
const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const driver = createLibvirt({
  virsh: createVirsh({ exec: systemExec, uri: 'qemu:///system', log }),
  exec: systemExec,
  files: systemFiles,
  downloads: {},
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
const observed = { inventory: { known: true, value: inventory, atMs: Date.now() }, guests: {}, records };
const ledger = { revision: desired.revision, attempts: {}, since: {}, healthy: {} };
const [planMs, made] = await timed(() => plan(desired, observed, ledger, Date.now()));
const left = made.steps.length + made.waits.length + made.blocks.length;
process.stdout.write(
  JSON.stringify({
    importMs,
    inventoryMs,
    againMs,
    planMs,
    left,
    domains: inventory.domains.length,
    blocks: made.blocks.slice(0, 2),
    steps: made.steps.slice(0, 2),
  }),
);
