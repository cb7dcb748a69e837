import { join, resolve } from 'node:path';
import type { HostOptions } from '../cli/context.ts';
import { loadAgentConfig } from '../manifest/agent-config.ts';
import type { AgentConfig, SourceConfig } from '../model/agent-config.ts';
import { KreError } from '../model/error.ts';
import type { Files } from '../model/ports.ts';
import { hostName } from '../sys/host.ts';

const defaultConfigPath = '/etc/kreconcile/agent.yaml';
const localPollMs = 15_000;

/** The configuration with the options of the command line laid over it. */
export async function readSettings(files: Files, cwd: string, options: HostOptions): Promise<AgentConfig> {
  const named = options.config ?? undefined;
  const config = await loadAgentConfig(files, {
    path: named === undefined ? defaultConfigPath : resolve(cwd, named),
    mustExist: named !== undefined,
    hostname: hostName(),
  });
  const uri = options.connect ?? config.hypervisor.uri;
  return {
    ...config,
    source: await sourceOf(files, cwd, options.dir, config.source),
    hypervisor: { ...config.hypervisor, uri },
    folders: foldersOf(config.folders, cwd, options, uri),
  };
}

/** `--dir`, else what is configured, else a folder `cluster.d` right here. */
async function sourceOf(
  files: Files,
  cwd: string,
  dir: string | undefined,
  configured: SourceConfig | null,
): Promise<SourceConfig | null> {
  if (dir !== undefined) return { kind: 'folder', folder: resolve(cwd, dir), pollMs: localPollMs };
  if (configured) return configured;
  const here = join(cwd, 'cluster.d');
  return (await files.realPath(here)) === null ? null : { kind: 'folder', folder: here, pollMs: localPollMs };
}

/** A simulated host that the command line names brings its own state folder: nothing of the real one is mixed in. */
function foldersOf(
  configured: AgentConfig['folders'],
  cwd: string,
  { stateDir, connect }: HostOptions,
  uri: string,
): AgentConfig['folders'] {
  const simulated = /^sim:\/\/(\/.+?)\/?$/.exec(uri)?.[1];
  const state =
    stateDir !== undefined
      ? resolve(cwd, stateDir)
      : connect !== undefined && simulated !== undefined
        ? join(decodeURI(simulated), 'state')
        : null;
  if (state === null) return configured;
  return { ...configured, state, kubeconfigs: join(state, 'kubeconfigs'), run: join(state, 'run') };
}

export function noSource(): KreError {
  return new KreError({
    code: 'Usage',
    message: 'no source of manifests is named',
    hint: 'Name a folder with --dir, name a repository or folder in agent.yaml (source), or change to a folder that has cluster.d in it. `kreconcile init` writes a first one.',
    disposition: 'stalled',
  });
}
