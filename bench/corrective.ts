import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { images, tinyMachine } from '../test/lab/manifests.ts';
import { type LabSite, startSite } from '../test/lab/site.ts';
import { until } from '../test/lab/waiting.ts';
import { spyOnVirsh, virshCalls } from './lab-fleet.ts';
import { load, median, milliseconds, spread } from './measure.ts';
import { type Bench, type BenchResult, verdict } from './report.ts';

const ROUNDS = 10;
const minute = 60_000;

export const corrective: Bench = { name: 'corrective', run };

async function run(): Promise<BenchResult> {
  const loadBefore = load();
  const site = await startSite('bench');
  const root = await mkdtemp(join(tmpdir(), 'kreconcile-bench-spy-'));
  try {
    await spyInside(site, root);
    await site.commit('one machine', { 'images.yaml': images(site), 'one.yaml': tinyMachine('one') });
    await site.startAgent();
    await untilReady(site);
    const events = await site.host.spawn([
      'virsh',
      '-q',
      '-c',
      site.host.uri,
      'event',
      '--event',
      'lifecycle',
      '--loop',
      '--timestamp',
    ]);
    const begun: number[] = [];
    const running: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const from = events.output().length;
      await site.virsh('destroy', 'one');
      const seen = () => events.output().slice(from);
      await until('it was started again', minute, async () => eventMs(seen(), 'Started') !== null);
      const stoppedMs = eventMs(seen(), 'Stopped') ?? Number.NaN;
      running.push((eventMs(seen(), 'Started') ?? Number.NaN) - stoppedMs);
      const start = (await virshCalls(root)).find(({ atMs, args }) => atMs > stoppedMs && /\bstart\b/.test(args));
      begun.push((start?.atMs ?? Number.NaN) - stoppedMs);
      await untilReady(site);
    }
    events.signal('SIGTERM');
    return describe(begun, running, loadBefore);
  } finally {
    await site.stop();
    await rm(root, { recursive: true, force: true });
  }
}

/** The spy takes virsh's place in the lab host alone, so that the agent under its own user runs it. */
async function spyInside(site: LabSite, root: string): Promise<void> {
  await chmod(root, 0o755);
  await mkdir(join(root, 'bin'));
  await execa('cp', ['/usr/bin/virsh', join(root, 'bin/virsh')]);
  await spyOnVirsh(root, join(root, 'bin/virsh'));
  await site.host.must(['mount', '--bind', join(root, 'spy/virsh'), '/usr/bin/virsh']);
}

async function untilReady(site: LabSite): Promise<void> {
  await site.untilStatus('the machine is ready and at rest', 5 * minute, (status) => {
    const ready = status.machines[0]?.conditions.find(({ type }) => type === 'Ready');
    return ready?.status === 'True' && status.pendingSteps === 0 && status.waits.length === 0;
  });
}

/** Time of the first event of that kind: `2026-01-01 10:00:00.123+0000: event 'lifecycle' for domain one: Started Booted`. */
function eventMs(text: string, kind: string): number | null {
  const line = text.split('\n').find((entry) => entry.includes(`: ${kind} `));
  const [, day, time] = /^(\S+) (\S+?)\+0000:/.exec(line ?? '') ?? [];
  return day === undefined ? null : Date.parse(`${day}T${time}Z`);
}

function describe(begun: readonly number[], running: readonly number[], loadBefore: string): BenchResult {
  const middle = median(begun);
  return {
    title: 'From an out-of-band stop to the corrective start',
    about: `On a real libvirt, with the agent under its own user: \`virsh destroy\` of a tiny guest at rest. Times are from libvirt's own event \`Stopped\` to the moment at which the agent runs \`virsh … start\`, and to libvirt's event \`Started\` (QEMU is up). ${ROUNDS} stops.`,
    columns: ['until', 'median', 'lowest to highest'],
    rows: [
      ['the agent runs `virsh … start`', milliseconds(middle), spread(begun)],
      ['libvirt says `Started`', milliseconds(median(running)), spread(running)],
    ],
    verdicts: [verdict('corrective start under 300 ms after the event', middle < 300, milliseconds(middle), WHY)],
    load: loadBefore,
  };
}

const WHY =
  'Between the two stand 50 ms in which the loop gathers events, the two virsh of an inventory, a plan, and the virsh that proves that the domain is ours; each waits for a core when the machine is busy.';
