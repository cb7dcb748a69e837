import { chown, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { stringify } from 'yaml';
import type { Status } from '../../src/model/status.ts';
import { type LabArtifacts, labArtifacts } from './artifacts.ts';
import { type LabHost, type LabProcess, type RunResult, startLabHost } from './host.ts';
import { until } from './waiting.ts';

const project = join(dirname(fileURLToPath(import.meta.url)), '../..');
const USER = 'kreconcile';

/**
 * A site as an operator would have it: a lab host with the built program installed, a git repository, and the agent as its own user. The program is
 * driven by commits and its own commands alone.
 */
export interface LabSite {
  readonly host: LabHost;
  readonly artifacts: LabArtifacts;
  /** The site's folder on the machine. */
  readonly root: string;
  /** URL under which guests and host find images and releases. */
  readonly mirrorUrl: string;
  readonly imagesUrl: string;
  /** Writes files (`null` removes one), commits and pushes; returns the revision. */
  commit(message: string, files: Readonly<Record<string, string | object | null>>): Promise<string>;
  startAgent(): Promise<void>;
  isAgentRunning(): boolean;
  /** SIGKILL: what a crash is. */
  killAgent(): Promise<void>;
  /** The program, as the agent's user. */
  kreconcile(args: readonly string[], timeoutMs?: number): Promise<RunResult>;
  status(): Promise<Status | null>;
  /** Polls the status until it is as wanted; on the way it prints what is waited for. */
  untilStatus(what: string, deadlineMs: number, holds: (status: Status) => boolean): Promise<Status>;
  virsh(...args: string[]): Promise<string>;
  kubectl(cluster: string, ...args: string[]): Promise<string>;
  /** Plan, agent's log and consoles, for a failed test. */
  report(): Promise<string>;
  stop(): Promise<void>;
}

export async function startSite(name: string): Promise<LabSite> {
  const artifacts = labArtifacts();
  const root = await mkdtemp(join(tmpdir(), `kreconcile-lab-${name}-`));
  await execa('chmod', ['0755', root]);
  const program = join(root, 'opt');
  await install(program);
  const host = await startLabHost({ name, root });
  await host.must(['install', '-d', '-o', USER, '-g', 'libvirt', '-m', '0750', '/run/kreconcile']);
  const mirrorUrl = await host.serve(artifacts.mirrorFolder, 8081);
  const imagesUrl = await host.serve(dirname(artifacts.debian.path), 8082);
  const repository = await createRepository(host, root);
  await writeFile(join(root, 'etc/kreconcile/agent.yaml'), stringify(agentConfig(repository.url)));
  return describeSite({ name, root, program, host, artifacts, mirrorUrl, imagesUrl, repository });
}

function agentConfig(url: string): object {
  return {
    host: 'lab',
    source: { url, branch: 'main', path: 'cluster.d' },
    hypervisor: { uri: 'qemu:///system', allowEmulation: true },
    placement: { takeUnplaced: true },
  };
}

/** The program as an installed package would lay it: nothing of the source tree. */
async function install(folder: string): Promise<void> {
  await mkdir(folder);
  for (const part of ['dist', 'package.json', 'systemd', 'cluster.d', 'schema']) {
    await cp(join(project, part), join(folder, part), { recursive: true, verbatimSymlinks: true });
  }
}

interface Repository {
  readonly url: string;
  readonly work: string;
}

async function createRepository(host: LabHost, root: string): Promise<Repository> {
  const bare = join(root, 'repository.git');
  const work = join(root, 'work');
  const { uid, gid } = await idsOf(host);
  for (const folder of [bare, work]) {
    await mkdir(folder);
    await chown(folder, uid, gid);
  }
  await host.must(['git', 'init', '--quiet', '--bare', '--initial-branch=main', bare], { user: USER });
  await host.must(['git', 'clone', '--quiet', bare, work], { user: USER });
  return { url: `file://${bare}`, work };
}

async function idsOf(host: LabHost): Promise<{ uid: number; gid: number }> {
  const [uid, gid] = (await host.must(['sh', '-c', `id -u ${USER}; id -g ${USER}`])).trim().split('\n').map(Number);
  return { uid: uid ?? 0, gid: gid ?? 0 };
}

interface SiteParts extends Pick<LabSite, 'host' | 'artifacts' | 'mirrorUrl' | 'imagesUrl'> {
  readonly name: string;
  readonly root: string;
  readonly program: string;
  readonly repository: Repository;
}

function describeSite(parts: SiteParts): LabSite {
  const { host, root, repository, artifacts } = parts;
  let agent: LabProcess | null = null;
  const logs: string[] = [];
  const main = [process.execPath, join(parts.program, 'dist/main.js')];
  const site: LabSite = {
    ...parts,
    commit: (message, files) => commit(host, repository, message, files),
    async startAgent() {
      const started = await host.spawn([...main, 'agent'], { user: USER });
      agent = started;
      void started.ended.then(() => {
        if (agent !== started) return;
        logs.push(started.output());
        agent = null;
      });
    },
    isAgentRunning: () => agent !== null,
    async killAgent() {
      if (!agent) return;
      const { ended } = agent;
      agent.signal('SIGKILL');
      await ended;
      await until('the killed agent is noticed', 10_000, async () => agent === null);
    },
    kreconcile: (args, timeoutMs = 120_000) => host.run([...main, ...args], { user: USER, timeoutMs }),
    async status() {
      // The published file, not the command: a process for each look would take the guests' processor time.
      const text = await readFile(join(root, 'var/lib/kreconcile/status.json'), 'utf8').catch(() => '');
      return text === '' ? null : (JSON.parse(text) as Status);
    },
    untilStatus: (what, deadlineMs, holds) => untilStatus(site, what, deadlineMs, holds),
    virsh: (...args) => host.must(['virsh', '-q', '-c', host.uri, ...args]),
    kubectl: (cluster, ...args) =>
      host.must(
        [
          artifacts.kubectl,
          '--kubeconfig',
          `/var/lib/kreconcile/kubeconfigs/${cluster}.kubeconfig`,
          '--request-timeout=60s',
          ...args,
        ],
        { timeoutMs: 180_000 },
      ),
    report: () => report(site, root, () => [...logs, agent?.output() ?? ''].join('\n--- killed ---\n')),
    async stop() {
      agent?.signal('SIGTERM');
      await agent?.ended;
      await host.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
  return site;
}

async function commit(
  host: LabHost,
  { work }: Repository,
  message: string,
  files: Readonly<Record<string, string | object | null>>,
): Promise<string> {
  const { uid, gid } = await idsOf(host);
  for (const [path, content] of Object.entries(files)) {
    const file = join(work, 'cluster.d', path);
    await mkdir(dirname(file), { recursive: true });
    if (content === null) await rm(file, { force: true });
    else await writeFile(file, typeof content === 'string' ? content : stringify(content));
  }
  await execa('chown', ['-R', `${uid}:${gid}`, work]);
  const git = ['git', '-C', work, '-c', 'user.name=Lab', '-c', 'user.email=lab@example.test'];
  await host.must([...git, 'add', '--all'], { user: USER });
  await host.must([...git, 'commit', '--quiet', '--allow-empty', '-m', message], { user: USER });
  await host.must([...git, 'push', '--quiet', 'origin', 'HEAD:main'], { user: USER });
  return (await host.must([...git, 'rev-parse', 'HEAD'], { user: USER })).trim();
}

async function untilStatus(
  site: LabSite,
  what: string,
  deadlineMs: number,
  holds: (status: Status) => boolean,
): Promise<Status> {
  let latest: Status | null = null;
  let said = '';
  const look = async (): Promise<boolean> => {
    if (!site.isAgentRunning()) throw new Error(`the agent is not running: ${what}`);
    latest = await site.status().catch(() => null);
    if (!latest) return false;
    const now = progress(latest);
    if (now !== said) process.stderr.write(`  ${new Date().toISOString().slice(11, 19)} ${now}\n`);
    said = now;
    return holds(latest);
  };
  await until(what, deadlineMs, look, 500);
  if (!latest) throw new Error('the status was read just now');
  return latest;
}

function progress(status: Status): string {
  const waits = status.waits
    .filter((wait) => wait.detail !== '' || status.waits.length < 4)
    .map((wait) => `${wait.condition}${wait.detail === '' ? '' : ` (${wait.detail})`}`);
  return [
    `${status.source.lastGoodRevision?.slice(0, 8) ?? '-'}:`,
    `${status.pendingSteps} steps;`,
    waits.slice(0, 2).join('; '),
    ...status.blocks.map((block) => `BLOCK ${block.guard} ${block.reason}`),
  ]
    .join(' ')
    .slice(0, 400);
}

async function report(site: LabSite, root: string, agentLog: () => string): Promise<string> {
  const plan = await site.kreconcile(['plan']).catch((error: unknown) => ({ stdout: '', stderr: String(error) }));
  const consoles = await execa(
    'bash',
    [
      '-c',
      `for f in ${root}/var/log/libvirt/qemu/*console*.log ${root}/var/lib/libvirt/images/kreconcile/*/console.log; do [ -f "$f" ] && echo "== $f" && tail -n 40 "$f"; done; true`,
    ],
    { reject: false },
  );
  const status = await readFile(join(root, 'var/lib/kreconcile/status.json'), 'utf8').catch(() => '');
  return [
    '--- plan',
    plan.stdout,
    plan.stderr,
    '--- status.json',
    status.slice(0, 6000),
    '--- agent',
    agentLog().slice(-12_000),
    '--- consoles',
    consoles.stdout.slice(-8_000),
  ].join('\n');
}
