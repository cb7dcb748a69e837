import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assembleProgram, joinParts, programParts } from '../../../../src/drivers/guest/program/assemble.ts';

const folder = fileURLToPath(new URL('../../../../src/drivers/guest/program/', import.meta.url));

/** The base of the in-guest program as it stands in the tree. */
export const base = joinParts(programParts.map((part) => readFileSync(join(folder, part), 'utf8')));

/** The shells that the program must run under. */
export const shells = ['dash', 'busybox sh'] as const;

/** What a run of the program gave. */
export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A guest in a folder: the program with every path below the folder, and stand-ins for programs first in PATH. */
export interface GuestRoot {
  readonly root: string;
  /** The environment in which the program takes the folder for its guest. */
  readonly env: Readonly<Record<string, string>>;
  run(args: readonly string[], input?: string): Promise<Run>;
  /** Runs shell text with the program's functions at hand. */
  evaluate(text: string, input?: string): Promise<Run>;
  write(path: string, content: string, mode?: number): void;
  read(path: string): string;
  has(path: string): boolean;
  /** A stand-in for a program; what it was called with is in `calls()`. */
  stub(name: string, script: string): void;
  calls(): readonly string[];
  remove(): void;
}

/** Makes such a guest with the program installed; `library` as a distribution gives it. */
export function makeGuestRoot(
  shell: string,
  library: string | null = null,
  env: Readonly<Record<string, string>> = {},
): GuestRoot {
  const root = mkdtempSync(join(tmpdir(), 'guest-root-'));
  const at = (path: string): string => join(root, path);
  const write = (path: string, content: string, mode = 0o644): void => {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), content);
    chmodSync(at(path), mode);
  };
  const program = 'usr/local/libexec/kreconcile/guest';
  const assembled = assembleProgram(base, library);
  write(program, assembled, 0o755);
  write('functions.sh', assembled.slice(0, assembled.lastIndexOf('\ncase $')));
  write('proc/sys/kernel/random/boot_id', '6ba7b810-9dad-11d1-80b4-00c04fd430c8\n');
  write('proc/sys/kernel/hostname', 'node-1\n');
  write('proc/self/mounts', '');
  write('etc/os-release', 'ID=debian\nVERSION_ID="12"\n');
  write('calls', '');
  // The machine that runs the tests has other things to write.
  write('bin/sync', '#!/bin/sh\n', 0o755);
  const environment = {
    PATH: `${at('bin')}:${process.env['PATH']}`,
    KRECONCILE_ROOT: root,
    KRECONCILE_SHELL: shell,
    KRECONCILE_RETRY_SECONDS: '0',
    KRECONCILE_STATE_WAIT: '0',
    ...env,
  };
  const execute = (argv: readonly string[], input: string): Promise<Run> =>
    new Promise((resolve) => {
      const [file = '', ...args] = [...shell.split(' '), ...argv];
      const child = execFile(
        file,
        args,
        {
          env: environment,
        },
        (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? 255) : 0, stdout, stderr }),
      );
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input);
    });
  return {
    root,
    env: environment,
    write,
    run: (args, input = '') => execute([at(program), ...args], input),
    evaluate: (text, input = '') => {
      write('evaluate.sh', `. ${at('functions.sh')}\n${text}\n`);
      return execute([at('evaluate.sh')], input);
    },
    read: (path) => readFileSync(at(path), 'utf8'),
    has: (path) => existsSync(at(path)),
    stub: (name, script) =>
      write(`bin/${name}`, `#!/bin/sh\nprintf '%s\\n' "${name} $*" >>${at('calls')}\n${script}\n`, 0o755),
    calls: () =>
      readFileSync(at('calls'), 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
    remove: () => {
      endOperations(root);
      rmSync(root, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

/** Ends what operations of the guest still run in the background; each leads a process group, which its own record names. */
function endOperations(root: string): void {
  const operations = join(root, 'var/lib/kreconcile-guest/operations');
  for (const id of existsSync(operations) ? readdirSync(operations) : []) {
    const record = join(operations, id, 'process');
    if (!existsSync(record)) continue;
    const [pid = '', started = ''] = readFileSync(record, 'utf8').trim().split(' ');
    const stat = `/proc/${pid}/stat`;
    // Field 22 is when it was started: another process may have the number by now.
    if (!existsSync(stat) || readFileSync(stat, 'utf8').split(') ').at(-1)?.split(' ')[19] !== started) continue;
    try {
      process.kill(-Number(pid), 'SIGKILL');
    } catch {
      // It ended by itself, or never led a group.
    }
  }
}

/** Input of a verb as the host sends it. */
export function encodeInput(input: Readonly<Record<string, string>>): string {
  return Object.entries(input)
    .map(([key, value]) => `${key}=${Buffer.from(value).toString('base64')}\n`)
    .join('');
}

/** Looks until the condition holds; its last words when it does not in time. */
export async function until<T>(what: string, look: () => Promise<T | null> | T | null): Promise<T> {
  const end = Date.now() + 20_000;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (Date.now() > end) throw new Error(`did not come true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
