import { dirname, join } from 'node:path';
import { KreError } from '../../model/error.ts';
import type { CliContext } from '../context.ts';

/** A git repository with the example environment in it, and the configuration of an agent that follows it on a simulated host. */
export interface DemoRepository {
  readonly folder: string;
  readonly configPath: string;
  /** Files of the manifests, for people. */
  readonly names: readonly string[];
  /** Commits the next minor version of Kubernetes; resolves with the changed lines as git shows them. */
  raiseVersion(): Promise<readonly string[]>;
}

const CLUSTER_FILE = 'cluster.d/dev.yaml';
const gitTimeoutMs = 30_000;
/** Neither the person's own git configuration nor hooks or signing have a part in a demo. */
const gitEnv = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null', GIT_TERMINAL_PROMPT: '0' };
const author = ['-c', 'user.name=demo', '-c', 'user.email=demo@kreconcile.invalid'];

export async function makeDemoRepository(context: CliContext, root: string): Promise<DemoRepository> {
  const { files, packageFolder } = context;
  const folder = join(root, 'site');
  const examples = join(packageFolder, 'cluster.d', 'development');
  const names = (await files.list(examples)).filter((name) => name.endsWith('.yaml'));
  for (const name of names) {
    const text = (await files.read(join(examples, name))) ?? '';
    // The examples stand in another folder than the schema that their first line names.
    await write(files, join(folder, 'cluster.d', name), text.replace(/^# yaml-language-server:.*\n/, ''));
  }
  const git = (...args: readonly string[]) => runGit(context, folder, args);
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '.');
  await git(...author, 'commit', '--quiet', '--message', 'Our first cluster');
  const configPath = join(root, 'agent.yaml');
  await write(files, configPath, configText(root, folder));
  return {
    folder,
    configPath,
    names: names.map((name) => `cluster.d/${name}`),
    async raiseVersion() {
      const path = join(folder, CLUSTER_FILE);
      const text = (await files.read(path)) ?? '';
      await write(
        files,
        path,
        text.replace(
          /^( *version: v1\.)(\d+)\.\d+(\S*)$/m,
          (_, start, minor, rest) => `${start}${Number(minor) + 1}.4${rest}`,
        ),
      );
      const diff = await git('diff', '--unified=0', '--no-color', CLUSTER_FILE);
      await git(...author, 'commit', '--quiet', '--all', '--message', 'Raise Kubernetes of dev');
      return diff.split('\n').filter((line) => /^[+-] /.test(line));
    },
  };
}

async function write(files: CliContext['files'], path: string, text: string): Promise<void> {
  await files.ensureFolder(dirname(path));
  await files.write(path, text);
}

function configText(root: string, repository: string): string {
  return `host: demo
source: {url: ${repository}, branch: main, path: cluster.d, pollInterval: 1s}
hypervisor: {uri: "sim://${root}/host"}
folders: {state: ${root}/state, run: ${root}/run, images: ${root}/images}
placement: {takeUnplaced: true}
`;
}

async function runGit({ exec }: CliContext, folder: string, args: readonly string[]): Promise<string> {
  const done = await exec.run({ program: 'git', args, cwd: folder, env: gitEnv, timeoutMs: gitTimeoutMs });
  if (done.exitCode === 0) return done.stdout;
  throw new KreError({
    code: 'ExecFailed',
    message: `git ${args[0] === '-c' ? 'commit' : args[0]} failed: ${done.stderr.trim()}`,
    hint: 'The demo needs git 2.28 or newer.',
    disposition: 'stalled',
  });
}
