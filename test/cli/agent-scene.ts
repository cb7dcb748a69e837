import { join } from 'node:path';
import { execa } from 'execa';
import type { Status } from '../../src/model/status.ts';
import { type Background, kreconcile, makeFolder, startProgram, until, write } from './program.ts';

/** An agent on a simulated host that follows a real git repository. */
export interface Scene {
  readonly folder: string;
  readonly on: readonly string[];
  commit(files: Readonly<Record<string, string>>): Promise<string>;
  start(): Promise<Background>;
  status(): Promise<Status>;
  run(...args: string[]): ReturnType<typeof kreconcile>;
}

export async function scene(): Promise<Scene> {
  const folder = await makeFolder();
  const site = join(folder, 'site');
  const git = async (...args: string[]) =>
    (await execa('git', ['-c', 'user.name=t', '-c', 'user.email=t@t.test', ...args], { cwd: site })).stdout;
  await write(folder, {
    'agent.yaml': `host: h1
source: {url: ${site}, branch: main, path: cluster.d, pollInterval: 5m}
hypervisor: {uri: "sim://${folder}/host"}
folders: {state: ${folder}/state, run: ${folder}/run, images: ${folder}/images}
placement: {takeUnplaced: true}
`,
  });
  await write(site, { 'cluster.d/.keep': '' });
  await git('init', '--quiet', '--initial-branch=main');
  const on = ['--config', join(folder, 'agent.yaml')];
  const run = (...args: string[]) => kreconcile([...args, ...on]);
  return {
    folder,
    on,
    run,
    async commit(files) {
      await write(site, Object.fromEntries(Object.entries(files).map(([name, text]) => [`cluster.d/${name}`, text])));
      await git('add', '--all');
      await git('commit', '--quiet', '--message', 'change');
      return git('rev-parse', 'HEAD');
    },
    async start() {
      const agent = startProgram(['agent', ...on, '--speed', '50']);
      await until(async () => (/agent runs/.test(agent.stderr()) ? true : undefined));
      return agent;
    },
    status: async () => JSON.parse((await run('status', '-o', 'json')).stdout) as Status,
  };
}

export function ready(status: Status, name: string): true | undefined {
  const machine = status.machines.find((entry) => entry.name === name);
  return machine?.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True') || undefined;
}
