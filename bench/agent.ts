import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { stringify } from 'yaml';
import type { Status } from '../src/model/status.ts';
import { collect, until } from '../test/lab/waiting.ts';
import { installProgram } from './lab-fleet.ts';
import { load, median, milliseconds, spread } from './measure.ts';
import { type Bench, type BenchResult, verdict } from './report.ts';

const CLUSTERS = 3;
const COMMITS = 10;
/** Passes of a resting agent are 60 s apart, readings of guests 30 s: one of each is in it. */
const REST_MS = 65_000;
/** How fast the simulated host's time runs while it is brought to rest. */
const SPEED = 50;

export const memory: Bench = { name: 'memory', run: measureMemory };
export const commit: Bench = { name: 'commit', run: measureCommits };

async function measureMemory(): Promise<BenchResult> {
  const loadBefore = load();
  // Brought to rest by another agent, so that what is measured is one that was started on a host at rest, as after a reboot.
  const site = await startSimSite(SPEED);
  try {
    await site.atRest();
    const busyMiB = await residentMiB(site.pid());
    await site.restart(1);
    await site.atRest();
    await sleep(REST_MS);
    const idleMiB = await residentMiB(site.pid());
    const bare = execa(process.execPath, ['-e', 'setTimeout(() => {}, 10000)'], { reject: false });
    await sleep(1_000);
    const bareMiB = await residentMiB(bare.pid ?? 0);
    bare.kill('SIGKILL');
    return {
      title: 'Memory of the agent',
      about: `Resident memory (VmRSS) of \`kreconcile agent\` that follows a local git repository, on \`sim:///folder\` with ${CLUSTERS} clusters of three nodes each. The simulated host lives in the agent's own process; on libvirt it does not.`,
      columns: ['process', 'MiB'],
      rows: [
        [`agent, started on a host at rest, after ${REST_MS / 1000} s`, idleMiB.toFixed(0)],
        ['agent that has just built the clusters', busyMiB.toFixed(0)],
        ['a Node that does nothing', bareMiB.toFixed(0)],
      ],
      verdicts: [verdict('idle agent under 100 MiB', idleMiB < 100, `${idleMiB.toFixed(0)} MiB`)],
      load: loadBefore,
    };
  } finally {
    await site.stop();
  }
}

async function measureCommits(): Promise<BenchResult> {
  const loadBefore = load();
  const site = await startSimSite(SPEED);
  try {
    await site.atRest();
    const spent: number[] = [];
    for (let round = 1; round <= COMMITS; round += 1) {
      const { revision, atMs } = await site.commit({ [`m${round}.yaml`]: plainMachine(`m${round}`) });
      spent.push((await site.firstAct(revision)) - atMs);
      await site.atRest(revision);
    }
    const middle = median(spent);
    return {
      title: 'From a commit to the first action',
      about: `The agent follows a local repository (\`file://…\`) on the simulator. From the end of \`git commit\` (of one more Machine) to the log line that says that the first step of the new revision is done. ${COMMITS} commits.`,
      columns: ['median', 'lowest to highest'],
      rows: [[milliseconds(middle), spread(spent)]],
      verdicts: [verdict('commit to first action under 1 s', middle < 1_000, milliseconds(middle))],
      load: loadBefore,
    };
  } finally {
    await site.stop();
  }
}

/** An agent on a simulated host, following a repository of its own. */
interface SimSite {
  pid(): number;
  commit(files: Readonly<Record<string, object>>): Promise<{ readonly revision: string; readonly atMs: number }>;
  /** When the first step after the enforcing of that revision was done, ms since the epoch. */
  firstAct(revision: string): Promise<number>;
  /** Nothing is left to do or to wait for. */
  atRest(revision?: string): Promise<void>;
  restart(speed: number): Promise<void>;
  stop(): Promise<void>;
}

async function startSimSite(speed: number): Promise<SimSite> {
  const root = await mkdtemp(join(tmpdir(), 'kreconcile-bench-agent-'));
  const program = await installProgram(root);
  const repository = join(root, 'repository');
  const config = join(root, 'agent.yaml');
  const folder = (name: string) => join(root, name);
  await writeFile(
    config,
    stringify({
      source: { url: `file://${repository}`, branch: 'main' },
      hypervisor: { uri: `sim://${folder('sim')}` },
      folders: { state: folder('state'), images: folder('images'), run: folder('run') },
      placement: { takeUnplaced: true },
    }),
  );
  await execa('git', ['init', '--quiet', '--initial-branch=main', repository]);
  const git = ['-C', repository, '-c', 'user.name=Bench', '-c', 'user.email=bench@example.test'];
  const commitFiles: SimSite['commit'] = async (files) => {
    for (const [name, content] of Object.entries(files)) await writeFile(join(repository, name), stringify(content));
    await execa('git', [...git, 'add', '--all']);
    await execa('git', [...git, 'commit', '--quiet', '-m', 'bench']);
    const atMs = Date.now();
    return { revision: (await execa('git', [...git, 'rev-parse', 'HEAD'])).stdout.trim(), atMs };
  };
  await commitFiles(clusters());
  let agent = startAgent(program, config, speed);
  const statusFile = join(root, 'state', 'status.json');
  return {
    pid: () => agent.pid,
    commit: commitFiles,
    firstAct: (revision) => firstAct(agent.log, revision),
    atRest: (revision) =>
      until('the simulated host is at rest', 300_000, async () => {
        const text = await readFile(statusFile, 'utf8').catch(() => null);
        return text !== null && isAtRest(JSON.parse(text) as Status, revision);
      }),
    async restart(next) {
      await agent.stop();
      await rm(statusFile);
      agent = startAgent(program, config, next);
    },
    async stop() {
      await agent.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}

function isAtRest(status: Status, revision: string | undefined): boolean {
  const { lastGoodRevision } = status.source;
  const isThis = revision === undefined ? lastGoodRevision !== null : lastGoodRevision === revision;
  if (status.blocks.length > 0) throw new Error(`blocked: ${status.blocks.map(({ reason }) => reason).join('; ')}`);
  return isThis && status.machines.length > 0 && status.pendingSteps === 0 && status.waits.length === 0;
}

function startAgent(program: string, config: string, speed: number) {
  const child = execa(
    process.execPath,
    [program, 'agent', '--config', config, ...(speed === 1 ? [] : ['--speed', String(speed)])],
    { reject: false, buffer: false, all: true },
  );
  return {
    pid: child.pid ?? 0,
    log: collect(child.all),
    async stop() {
      child.kill('SIGTERM');
      await child;
    },
  };
}

async function firstAct(log: () => string, revision: string): Promise<number> {
  let atMs: number | null = null;
  await until('the first step of the commit is done', 60_000, async () => {
    const [, after] = log().split(`"revision":"${revision}"`);
    const line = after?.split('\n').find((entry) => entry.includes('"step done"'));
    if (line !== undefined) atMs = Date.parse((JSON.parse(line) as { time: string }).time);
    return atMs !== null;
  });
  return atMs ?? Number.NaN;
}

async function residentMiB(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(text)?.[1]) / 1024;
}

const apiVersion = 'kreconcile.dev/v1alpha1';

function plainMachine(name: string): object {
  return { apiVersion, kind: 'Machine', metadata: { name }, spec: { image: 'debian-13', machineClass: 'small' } };
}

function clusters(): Readonly<Record<string, object>> {
  const workers = [{ name: 'general', replicas: 2, machineClass: 'small' }];
  const cluster = (name: string) => ({
    apiVersion,
    kind: 'Cluster',
    metadata: { name },
    spec: {
      distribution: 'k3s',
      version: 'v1.36.3+k3s1',
      image: 'debian-13',
      controlPlane: { machineClass: 'small' },
      workers,
    },
  });
  const names = Array.from({ length: CLUSTERS }, (_, number) => `c${number + 1}`);
  return {
    'class.yaml': {
      apiVersion,
      kind: 'MachineClass',
      metadata: { name: 'small' },
      spec: { cpus: 2, memory: '2Gi', disk: '10Gi' },
    },
    'image.yaml': {
      apiVersion,
      kind: 'Image',
      metadata: { name: 'debian-13' },
      spec: {
        os: 'debian',
        version: '13',
        arch: 'x86_64',
        url: 'https://images.test/debian-13.qcow2',
        checksum: `sha256:${'a'.repeat(64)}`,
      },
    },
    ...Object.fromEntries(names.map((name) => [`${name}.yaml`, cluster(name)])),
  };
}
