/** Runs the built program as a user does, in folders of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll } from 'vitest';
import { takeLock } from '../../src/sys/lock.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const main = join(root, 'dist', 'main.js');
/** Colours, columns and the time zone of whoever runs the tests have no part in them. */
const environment = { TZ: 'UTC', NO_COLOR: '1', FORCE_COLOR: undefined, KUBECONFIG: undefined };

export interface Ended {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** `npm test` builds first; run alone, a test builds what is older than its source, one at a time. */
export async function ensureBuilt(): Promise<void> {
  if (await isBuilt()) return;
  const lock = await until(() => takeLock(`build of ${root}`), 110_000);
  try {
    if (!(await isBuilt())) await execa('npm', ['run', '--silent', 'build'], { cwd: root });
  } finally {
    await lock.release();
  }
}

async function isBuilt(): Promise<boolean> {
  const built = await stat(main).catch(() => null);
  if (!built) return false;
  const names = await readdir(join(root, 'src'), { recursive: true });
  const times = await Promise.all(names.map(async (name) => (await stat(join(root, 'src', name))).mtimeMs));
  return Math.max(...times) <= built.mtimeMs;
}

const folders: string[] = [];
const children: ChildProcess[] = [];
afterAll(async () => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kre-'));
  folders.push(folder);
  return folder;
}

/** Writes files below a folder, by relative path. */
export async function write(folder: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

export async function copyExample(name: string, to: string): Promise<void> {
  await cp(join(root, 'cluster.d', name), to, { recursive: true });
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export async function kreconcile(args: readonly string[], { cwd, env }: RunOptions = {}): Promise<Ended> {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [main, ...args], {
    reject: false,
    cwd: cwd ?? tmpdir(),
    env: { ...environment, ...env },
    timeout: 60_000,
    stripFinalNewline: false,
  });
  return { exitCode, stdout, stderr };
}

export interface Background {
  readonly pid: number;
  /** What it wrote so far. */
  stdout(): string;
  stderr(): string;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<number | null>;
}

/** Starts a command that goes on. It is ended with the test file at the latest. */
export function startProgram(args: readonly string[], env: Readonly<Record<string, string>> = {}): Background {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment, ...env } as NodeJS.ProcessEnv,
  });
  children.push(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return {
    pid: child.pid ?? 0,
    stdout: () => stdout,
    stderr: () => stderr,
    signal: (name) => void child.kill(name),
    ended: new Promise((resolve) => child.once('exit', (code) => resolve(code))),
  };
}

/** Asks until there is an answer; fails with the last error at the deadline. */
export async function until<T>(ask: () => Promise<T | undefined>, deadlineMs = 25_000): Promise<T> {
  const endMs = Date.now() + deadlineMs;
  let last: unknown = 'no answer';
  while (Date.now() < endMs) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (thrown) {
      last = thrown;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not so within ${deadlineMs} ms: ${String(last)}`);
}

export const smallSite = {
  'classes.yaml': `apiVersion: kreconcile.dev/v1alpha1
kind: MachineClass
metadata: {name: small}
spec: {cpus: 2, memory: 2Gi, disk: 10Gi}
`,
  'images.yaml': `apiVersion: kreconcile.dev/v1alpha1
kind: Image
metadata: {name: debian-13}
spec:
  os: debian
  version: "13"
  url: https://images.test/debian-13.qcow2
  checksum: sha256:${'a'.repeat(64)}
`,
};

/** A machine without Kubernetes, the quickest thing to converge. */
export function machineYaml(name: string, lines = ''): string {
  return `apiVersion: kreconcile.dev/v1alpha1
kind: Machine
metadata: {name: ${name}}
spec:
  image: debian-13
  machineClass: small
${lines}`;
}

export function clusterYaml(name: string, version: string, lines = ''): string {
  return `apiVersion: kreconcile.dev/v1alpha1
kind: Cluster
metadata: {name: ${name}}
spec:
  distribution: k3s
  version: ${version}
  image: debian-13
  controlPlane: {machineClass: small}
${lines}`;
}
