import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Desired } from '../src/model/desired.ts';
import { bundle } from '../tools/bundle.ts';
import { type LabFleet, spyOnVirsh, startLabFleet, type Timing, timeInside, virshCalls } from './lab-fleet.ts';
import { load, median, milliseconds, times } from './measure.ts';
import { type Bench, type BenchResult, type Row, verdict } from './report.ts';

const SIZES = [10, 100, 300];
const RUNS = 9;
const here = dirname(new URL(import.meta.url).pathname);

/** Five questions that a script without bulk reads asks of each machine. */
const questions = ['dominfo', 'domstate --reason', 'dumpxml', 'domblklist --details', 'domiflist'];

export const noOp: Bench = { name: 'no-op', run };

async function run(): Promise<BenchResult> {
  const loadBefore = load();
  const fleet = await startLabFleet('no-op');
  try {
    const measured: Measured[] = [];
    for (const size of SIZES) {
      const desired = await fleet.define(size, 'Off');
      measured.push(await measureNoOp(fleet, desired, size <= 100 ? 3 : 1));
    }
    return { ...describe(measured), load: loadBefore };
  } finally {
    await fleet.stop();
  }
}

/** Figures of one size, medians in milliseconds. */
export interface Measured {
  readonly machines: number;
  readonly planMs: number;
  /** CPU time of the program and the virsh processes in it. */
  readonly planCpuMs: number;
  readonly processes: number;
  readonly virshMs: number;
  readonly nodeMs: number;
  readonly startMs: number;
  readonly naiveMs: number;
  readonly inside: Probe;
}

/** See probe.ts. */
interface Probe {
  readonly importMs: number;
  readonly inventoryMs: number;
  readonly againMs: number;
  readonly planMs: number;
}

/** Measures a fleet at rest; fails if there is anything to do. */
export async function measureNoOp(fleet: LabFleet, desired: Desired, naiveRuns: number): Promise<Measured> {
  const { host, root } = fleet;
  const spy = await spyOnVirsh(root);
  const planArgv = [process.execPath, fleet.program, 'plan', ...fleet.options];
  const said = await host.run([...planArgv, '--detailed-exitcode'], { env: spy.env });
  if (said.exitCode !== 0) throw new Error(`the plan is not empty (${said.exitCode}):\n${said.stdout}\n${said.stderr}`);
  const processes = (await virshCalls(root)).length;
  const spent = await timeInside(host, RUNS, {
    plan: planArgv,
    virsh: ['virsh', '-q', '-c', host.uri, dumpsOf(desired)],
    node: [process.execPath, '-e', '0'],
    start: [process.execPath, fleet.program, '--version'],
  });
  const script = join(root, 'naive.sh');
  await writeFile(script, naiveScript(desired, host.uri), { mode: 0o755 });
  const { naive } = await timeInside(host, naiveRuns, { naive: ['sh', script] });
  return {
    machines: desired.machines.length,
    planMs: wall(spent.plan),
    planCpuMs: median(spent.plan.map(({ cpuMs }) => cpuMs)),
    processes,
    virshMs: wall(spent.virsh),
    nodeMs: wall(spent.node),
    startMs: wall(spent.start),
    naiveMs: wall(naive),
    inside: await lookInside(fleet, desired),
  };
}

const wall = (timings: readonly Timing[]): number => median(timings.map(({ ms }) => ms));

function dumpsOf(desired: Desired): string {
  return desired.machines.map(({ uuid }) => `dumpxml ${uuid}`).join(';');
}

function naiveScript(desired: Desired, uri: string): string {
  const names = desired.machines.map(({ name }) => name).join(' ');
  const body = questions.map((question) => {
    const [command, ...rest] = question.split(' ');
    return `  virsh -q -c ${uri} ${command} $name ${rest.join(' ')} >/dev/null`;
  });
  return `for name in ${names}; do\n${body.join('\n')}\ndone\n`;
}

async function lookInside(fleet: LabFleet, desired: Desired): Promise<Probe> {
  const file = join(fleet.root, 'desired.json');
  await writeFile(file, JSON.stringify(desired));
  const folder = join(fleet.root, 'probe');
  await bundle({ probe: join(here, 'probe.ts') }, folder);
  await writeFile(join(folder, 'package.json'), '{"type": "module"}\n');
  const argv = [process.execPath, join(folder, 'probe.js'), file];
  const rounds: Probe[] = [];
  for (let round = 0; round < 5; round += 1) rounds.push(JSON.parse(await fleet.host.must(argv)) as Probe);
  const of = (key: keyof Probe) => median(rounds.map((probe) => probe[key]));
  return { importMs: of('importMs'), inventoryMs: of('inventoryMs'), againMs: of('againMs'), planMs: of('planMs') };
}

/** The columns of a no-op table, and a row of it. */
export const noOpColumns = [
  'machines',
  '`kreconcile plan`',
  'CPU time in it',
  'virsh processes in it',
  '(a) bare virsh + bare Node',
  'plan ÷ (a)',
  '(b) five virsh a machine',
  '(b) ÷ plan',
];

export function noOpRow(figures: Measured): Row {
  const floorMs = figures.virshMs + figures.nodeMs;
  return [
    String(figures.machines),
    milliseconds(figures.planMs),
    milliseconds(figures.planCpuMs),
    String(figures.processes),
    `${milliseconds(figures.virshMs)} + ${milliseconds(figures.nodeMs)} = ${milliseconds(floorMs)}`,
    times(figures.planMs / floorMs),
    milliseconds(figures.naiveMs),
    times(figures.naiveMs / figures.planMs),
  ];
}

/** Where the time of a plan goes, as a sentence. */
export function anatomy({ machines, planMs, startMs, inside }: Measured): string {
  return `Of the ${milliseconds(planMs)} at ${machines}: \`kreconcile --version\` takes ${milliseconds(startMs)}; inside the process, loading the driver ${milliseconds(inside.importMs)}, the inventory ${milliseconds(inside.inventoryMs)} (in a running agent, which remembers what it has parsed, ${milliseconds(inside.againMs)}), planning ${milliseconds(inside.planMs)}.`;
}

function describe(measured: readonly Measured[]): Omit<BenchResult, 'load'> {
  const largest = measured.at(-1);
  if (!largest) throw new Error('nothing was measured');
  const floorMs = largest.virshMs + largest.nodeMs;
  const ratio = largest.planMs / floorMs;
  const gain = largest.naiveMs / largest.planMs;
  return {
    title: 'A plan with nothing to do, stopped machines',
    about: `\`kreconcile plan --dir … -c qemu:///system\` for plain Machines with \`powerState: Off\` that are defined as asked, from start to end of the process, on a real libvirt. (a) is the floor: one \`virsh\` that dumps the same domains, and \`node -e 0\`. (b) asks of each machine ${questions.map((question) => `\`${question}\``).join(', ')}, one process each, which is what a script does. Medians of ${RUNS} runs in turn; (b) of 3 runs, of 1 at 300.`,
    columns: noOpColumns,
    rows: measured.map(noOpRow),
    verdicts: [
      verdict('300 domains within 2× of (a)', ratio <= 2, times(ratio), WHY),
      verdict('at least 20× faster than (b) at 300', gain >= 20, times(gain)),
      anatomy(largest),
    ],
  };
}

const WHY =
  'What is above the floor is work of our own process on one core: loading its modules and libraries, reading the manifests, parsing the dumps; each runs once, before Node has compiled it well. See the last line.';
