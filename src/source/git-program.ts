/**
 * git through simple-git, closed to everything that is not ours: an environment made from a list, no hooks, no prompt, no
 * configuration of the user, a deadline for each command. simple-git 4 refuses most of these settings unless told that
 * they are wanted, hence the two lists below.
 */
import type { SimpleGitOptions } from 'simple-git';

/** What git may see of the agent's own environment. */
const passedOn = [
  'PATH',
  'HOME',
  'TMPDIR',
  'SSH_AUTH_SOCK',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'all_proxy',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
];

/** simple-git takes out variables that git or its helpers act upon, except those named. */
const allowEnvironment = [
  'GIT_TERMINAL_PROMPT',
  'GIT_CONFIG_GLOBAL',
  'GIT_CEILING_DIRECTORIES',
  'GIT_SSH_COMMAND',
  'GIT_SSH_VARIANT',
  'GIT_CONFIG_COUNT',
  'GIT_CONFIG_KEY_0',
  'GIT_CONFIG_VALUE_0',
  'GIT_CONFIG_KEY_1',
  'GIT_CONFIG_VALUE_1',
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GNUPGHOME',
];

const unsafe: NonNullable<SimpleGitOptions['unsafe']> = {
  allowUnsafeHooksPath: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeConfigEnvCount: true,
  allowUnsafeCredentialHelper: true,
  allowUnsafeSshCommand: true,
};

/** Takes the place of the user's configuration. The repository is named by the host's administrator, so its owner is no question. */
export const gitConfiguration = `[safe]
\tdirectory = *
[core]
\tfsync = committed
[gc]
\tautoDetach = false
[maintenance]
\tautoDetach = false
[fetch]
\trecurseSubmodules = false
`;

/** What git judges signatures with: keys of files that the agent's configuration names. X.509 trusts whom the system trusts, so it is off. */
export function signingConfiguration(allowedSignersFile: string | null): string {
  return `${gitConfiguration}[gpg "ssh"]
\tallowedSignersFile = ${allowedSignersFile ?? '/dev/null'}
[gpg "x509"]
\tprogram = false
`;
}

export interface GitCommand {
  readonly args: readonly string[];
  /** Must exist. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** A git command that did not succeed. `detail` is what git said, unfiltered: `git-errors.ts` makes it fit to show. */
export class GitFailure extends Error {
  readonly kind: 'failed' | 'timed-out' | 'stopped' | 'missing';
  readonly detail: string;

  constructor(kind: GitFailure['kind'], detail: string) {
    super(`git ${kind}`);
    this.name = 'GitFailure';
    this.kind = kind;
    this.detail = detail;
  }
}

/** Runs git and returns what it prints; anything but exit code 0 is a `GitFailure`. */
export async function runGit(command: GitCommand): Promise<string> {
  const { simpleGit, GitPluginError } = await import('simple-git');
  const { timeoutMs, signal } = command;
  try {
    const git = simpleGit({
      baseDir: command.folder,
      config: ['core.hooksPath=/dev/null'],
      allowEnvironment,
      unsafe,
      timeout: { block: timeoutMs, stdOut: false, stdErr: false },
      // Without this a failure that prints nothing would count as success.
      errors: (error, { exitCode, stdErr }) =>
        error ?? (exitCode === 0 ? undefined : Buffer.concat([Buffer.from(`exit code ${exitCode}\n`), ...stdErr])),
      ...(signal === undefined ? {} : { abort: signal }),
    });
    return await git.env({ ...baseEnvironment(), ...command.environment }).raw([...command.args]);
  } catch (thrown) {
    if (thrown instanceof GitPluginError && thrown.plugin === 'timeout') throw new GitFailure('timed-out', '');
    if (thrown instanceof GitPluginError && thrown.plugin === 'abort') throw new GitFailure('stopped', '');
    const detail = thrown instanceof Error ? thrown.message : String(thrown);
    throw new GitFailure(/spawn git ENOENT/.test(detail) ? 'missing' : 'failed', detail);
  }
}

function baseEnvironment(): Record<string, string> {
  const kept = passedOn.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0' };
}
