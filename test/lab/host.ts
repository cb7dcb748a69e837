import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { layOutHost } from './host-folders.ts';
import { collect, onlyChild, saysReady, until } from './waiting.ts';

const here = dirname(fileURLToPath(import.meta.url));

/** How a command is run inside a lab host. */
export interface RunOptions {
  /** Default root. The agent's own user is `kreconcile`, which setup.sh creates. */
  readonly user?: string;
  /** Beside PATH, HOME, USER and LC_ALL, which are set; nothing is inherited from the test. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** After this the command is killed. Default: 60,000; `spawn` has none. */
  readonly timeoutMs?: number;
}

/** What a command inside a lab host gave. A failing command is a result, not an error. */
export interface RunResult {
  /** Undefined when it was killed or could not start. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A long-running process inside a lab host. It dies with the lab host and with the test's process. */
export interface LabProcess {
  /** As the machine sees it, not as the lab host's own pid namespace does. */
  readonly pid: number;
  /** What it wrote so far, standard output and error together. */
  output(): string;
  /** Sends the signal to the process itself, not to what brought it into the namespaces. */
  signal(name: NodeJS.Signals): void;
  /** Resolves when it has ended. */
  readonly ended: Promise<RunResult>;
}

/** A libvirt host of its own: own network, mounts, processes, and a libvirtd without KVM. */
export interface LabHost {
  readonly name: string;
  readonly uri: 'qemu:///system';
  /** The lab host's pid 1, as the machine sees it. */
  readonly pid: number;
  /** The host's address on libvirt's default network, where guests reach what is served. */
  readonly address: '192.168.122.1';
  /** The command with what brings it inside before it. Its working folder becomes `/`. */
  enter(argv: readonly string[]): readonly string[];
  /** Runs to its end. */
  run(argv: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Like `run`, but an exit code other than 0 is an error that shows the output. Returns stdout. */
  must(argv: readonly string[], options?: RunOptions): Promise<string>;
  spawn(argv: readonly string[], options?: RunOptions): Promise<LabProcess>;
  /** Serves a folder's files over HTTP, ranges included; returns the URL without a trailing slash. */
  serve(folder: string, port: number): Promise<string>;
  /** Kills libvirtd and starts it again; guests go on running. Returns when it answers. */
  restartLibvirtd(): Promise<void>;
  /** Ends everything in it, guests included. What it wrote stays below its root. */
  stop(): Promise<void>;
}

/** Where a lab host lives: every folder it writes is below `root`, which must be absolute and empty or its own. */
export interface LabHostSettings {
  readonly name: string;
  readonly root: string;
}

/**
 * Starts a lab host, with libvirt's network `default` running; needs root. It ends with `stop()`, and also when the
 * calling process dies in whatever way, because its pid 1 holds a pipe to it.
 */
export async function startLabHost(settings: LabHostSettings): Promise<LabHost> {
  const { name, root } = settings;
  await layOutHost(root);
  const log = join(root, 'host.log');
  const init = ['bash', join(here, 'host-init.sh'), root];
  const outer = execa('unshare', ['--net', '--mount', '--pid', '--fork', '--kill-child', ...init], {
    stdin: 'pipe',
    stderr: { file: log },
    reject: false,
    buffer: false,
  });
  try {
    await saysReady(outer, collect(outer.stdout), `lab host ${name} (its log: ${log})`);
    const pid = await onlyChild(outer.pid ?? 0);
    const stop = async (): Promise<void> => {
      outer.stdin.end();
      const impatience = setTimeout(() => outer.kill('SIGKILL'), 10_000);
      await outer;
      clearTimeout(impatience);
      await rm(join(root, 'dev'), { recursive: true, force: true });
    };
    const host = describeHost(name, pid, stop);
    await virshAnswers(host);
    await host.must(['virsh', '-q', '-c', host.uri, 'net-start', 'default']);
    return host;
  } catch (cause) {
    outer.kill('SIGKILL');
    throw cause;
  }
}

function describeHost(name: string, pid: number, stop: () => Promise<void>): LabHost {
  const enter = (argv: readonly string[]) => [...nsenter(pid), ...argv];
  const host: LabHost = {
    name,
    uri: 'qemu:///system',
    pid,
    address: '192.168.122.1',
    enter,
    stop,
    run: async (argv, options = {}) => resultOf(await launch(pid, argv, { timeoutMs: 60_000, ...options })),
    must: async (argv, options = {}) => {
      const result = await host.run(argv, options);
      if (result.exitCode !== 0) {
        throw new Error(`lab host ${name}: ${argv.join(' ')}: ${result.exitCode}\n${result.stderr}${result.stdout}`);
      }
      return result.stdout;
    },
    spawn: async (argv, options = {}) => describeProcess(launch(pid, argv, options)),
    serve: async (folder, port) => {
      const server = launch(pid, [process.execPath, join(here, 'file-server.mjs'), folder, String(port)], {});
      await saysReady(server, collect(server.all), `file server for ${folder}`);
      return `http://${host.address}:${port}`;
    },
    restartLibvirtd: async () => {
      const daemon = (await host.must(['cat', '/run/libvirtd.pid'])).trim();
      await host.must(['kill', '-KILL', daemon]);
      const gone = async () => (await host.run(['kill', '-0', daemon])).exitCode !== 0;
      await until(`libvirtd ${daemon} has ended`, 20_000, gone);
      await host.must(['libvirtd', '-d']);
      await virshAnswers(host);
    },
  };
  return host;
}

function nsenter(pid: number): readonly string[] {
  return ['nsenter', '--target', String(pid), '--mount', '--net', '--pid', '--'];
}

/** Starts a command inside; without the death signal a killed nsenter would leave its child behind. */
function launch(pid: number, argv: readonly string[], options: RunOptions) {
  const user = options.user ?? 'root';
  const identity = user === 'root' ? [] : ['--reuid', user, '--regid', user, '--init-groups'];
  const [file = '', ...rest] = [...nsenter(pid), 'setpriv', ...identity, '--pdeathsig', 'KILL', '--', ...argv];
  return execa(file, rest, {
    cwd: '/',
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: user === 'root' ? '/root' : '/var/lib/kreconcile',
      USER: user,
      LC_ALL: 'C.UTF-8',
      ...options.env,
    },
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    all: true,
    timeout: options.timeoutMs ?? 0,
    killSignal: 'SIGKILL',
    input: options.input ?? '',
  });
}

function resultOf(result: Awaited<ReturnType<typeof launch>>): RunResult {
  return { exitCode: result.exitCode, stdout: result.stdout, stderr: result.stderr };
}

async function describeProcess(launched: ReturnType<typeof launch>): Promise<LabProcess> {
  // Before anything is awaited: what comes while nobody listens is lost.
  const output = collect(launched.all);
  const pid = await onlyChild(launched.pid ?? 0);
  return {
    pid,
    output,
    signal: (name) => void process.kill(pid, name),
    ended: launched.then(resultOf),
  };
}

async function virshAnswers(host: LabHost): Promise<void> {
  const answers = async () => (await host.run(['virsh', '-q', '-c', host.uri, 'list'])).exitCode === 0;
  await until(`libvirtd of lab host ${host.name} answers`, 120_000, answers);
}
