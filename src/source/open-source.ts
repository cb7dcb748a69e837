import type { SourceConfig } from '../model/agent-config.ts';
import type { Files, Log } from '../model/ports.ts';
import { folderSource } from './folder.ts';
import { gitSource } from './git.ts';
import type { Source } from './source.ts';

export interface OpenSourceOptions {
  readonly files: Files;
  readonly log: Log;
  /** Mirror, checkouts and copies live in `source/` of it; one process at a time. */
  readonly stateFolder: string;
  /** systemd's `$CREDENTIALS_DIRECTORY`, if any. */
  readonly credentialsFolder?: string | null;
  /** Ends a git command that runs. */
  readonly signal?: AbortSignal;
}

/** The source that the configuration names. A wrong address is `ConfigInvalid`; nothing is read yet. */
export function openSource(config: SourceConfig, options: OpenSourceOptions): Source {
  return config.kind === 'git' ? gitSource({ ...options, config }) : folderSource({ ...options, ...config });
}
