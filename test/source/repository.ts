import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { GitSourceConfig } from '../../src/model/agent-config.ts';
import type { Log } from '../../src/model/ports.ts';
import { gitSource } from '../../src/source/git.ts';
import type { Source } from '../../src/source/source.ts';
import { systemFiles } from '../../src/sys/files.ts';

export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
};

/** A folder of a test's own; `remove` at its end. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'kreconcile-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A real git repository with a work tree, made and changed by the git program. */
export interface TestRepository {
  readonly path: string;
  git(...args: string[]): string;
  /** Writes files (`null` removes one), commits, returns the commit id. */
  commit(files: Readonly<Record<string, string | null>>): string;
}

export function createRepository(path: string, branch = 'main'): TestRepository {
  mkdirSync(path, { recursive: true });
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: path, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  git('init', '--quiet', `--initial-branch=${branch}`);
  git('config', 'user.name', 'Test');
  git('config', 'user.email', 'test@example.invalid');
  return {
    path,
    git,
    commit(files) {
      for (const [name, text] of Object.entries(files)) {
        if (text === null) rmSync(join(path, name), { force: true });
        else {
          mkdirSync(dirname(join(path, name)), { recursive: true });
          writeFileSync(join(path, name), text);
        }
      }
      git('add', '--all');
      git('commit', '--quiet', '--allow-empty', '-m', 'change');
      return git('rev-parse', 'HEAD');
    },
  };
}

export function gitConfig(url: string, more: Partial<GitSourceConfig> = {}): GitSourceConfig {
  const credentials = {
    sshKeyFile: null,
    knownHostsFile: null,
    tokenFile: null,
    tokenCredential: null,
    username: 'git',
  };
  return { kind: 'git', url, branch: null, path: '', pollMs: 60_000, credentials, verify: null, ...more };
}

/** A source over the machine's files. */
export function openGit(config: GitSourceConfig, stateFolder: string, more: object = {}): Source {
  return gitSource({ files: systemFiles, log: silentLog, config, stateFolder, ...more });
}

/** Waits until a condition holds, looking often; fails with `what` after a time that only a hung test reaches. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`did not happen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
