import { copyFile, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { createLayout } from '../src/drivers/hypervisor/libvirt/layout.ts';
import type { Desired } from '../src/model/desired.ts';
import { until } from '../test/lab/waiting.ts';
import { type LabFleet, startLabFleet } from './lab-fleet.ts';
import { load, milliseconds, times } from './measure.ts';
import { anatomy, measureNoOp, noOpColumns, noOpRow } from './no-op.ts';
import { type Bench, type BenchResult, verdict } from './report.ts';

/** As many as may run; fewer where the machine cannot bring them up in time. */
const GUESTS = Number(process.env['BENCH_GUESTS'] ?? 30);
/** Guests that boot at a time, emulated on two cores. */
const AT_ONCE = 3;
const BOOT_MS = 240_000;
const layout = createLayout('/var/lib/libvirt/images/kreconcile');

export const running: Bench = { name: 'running', run };

async function run(): Promise<BenchResult> {
  const loadBefore = load();
  const fleet = await startLabFleet('running');
  try {
    let desired = await fleet.define(0, 'On');
    await placeImage(fleet, desired);
    let up = 0;
    while (up < GUESTS) {
      const next = Math.min(GUESTS, up + AT_ONCE);
      desired = await fleet.define(next, 'On');
      await boot(fleet, desired, up);
      up = next;
      console.error(`  ${up} guests answer, load ${load()}`);
    }
    const figures = await measureNoOp(fleet, desired, 3);
    const floorMs = figures.virshMs + figures.nodeMs;
    return {
      title: 'A plan with nothing to do, running guests',
      about: `As above, for ${up} running tiny guests (Linux, busybox, the guest agent; emulated). The plan also reads every guest through its agent, eight at a time and one virsh a call, because no agent of ours runs that would have readings; neither (a) nor (b) does.`,
      columns: noOpColumns,
      rows: [noOpRow(figures)],
      verdicts: [
        verdict(
          'within 2× of (a)',
          figures.planMs <= 2 * floorMs,
          times(figures.planMs / floorMs),
          `${((figures.processes - 2) / up).toFixed(1)} virsh a guest read it through its agent, which the floor does not; with a running agent its readings are taken instead.`,
        ),
        ...(up < 30
          ? [`**Missed**: 30 guests; measured with ${up} (BENCH_GUESTS) because the machine was shared.`]
          : []),
        `The guests themselves idle on the same cores: ${milliseconds(figures.nodeMs)} for a bare Node tells how much.`,
        anatomy(figures),
      ],
      load: loadBefore,
    };
  } finally {
    await fleet.stop();
  }
}

async function placeImage(fleet: LabFleet, desired: Desired): Promise<void> {
  const digest = desired.images[0]?.digest ?? fleet.tiny.checksum;
  const target = join(fleet.root, layout.image(digest, 'qcow2'));
  await mkdir(dirname(target), { recursive: true });
  await copyFile(fleet.tiny.path, target);
}

/** Gives the machines from `from` on real disks, starts them together and waits for their agents. */
async function boot(fleet: LabFleet, desired: Desired, from: number): Promise<void> {
  const { host } = fleet;
  const image = layout.image(fleet.tiny.checksum, 'qcow2');
  const machines = desired.machines.slice(from);
  for (const { name } of machines) {
    const root = layout.rootDisk(name, 1);
    const seed = layout.seed(name, 1);
    await rm(join(fleet.root, root), { force: true });
    await host.must(['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', image, root, '1G']);
    await execa('truncate', ['-s', '1M', join(fleet.root, seed)]);
    await host.must(['virsh', '-q', '-c', host.uri, 'start', name]);
  }
  for (const { name } of machines) {
    await until(`the agent of ${name} answers`, BOOT_MS, async () => {
      const ping = ['virsh', '-q', '-c', host.uri, 'qemu-agent-command', name, '{"execute":"guest-ping"}'];
      return (await host.run(ping)).exitCode === 0;
    });
  }
}
