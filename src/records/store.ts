import { KreError, toKreError } from '../model/error.ts';
import type { Files, Log } from '../model/ports.ts';

/** JSON files of the state folder. Each is replaced in one act; one that cannot be read is told from one that is missing. */
export interface Store {
  readonly folder: string;
  /** `missing` if there is no file, `unreadable` if it is no JSON; both are logged by those who mind. */
  read(
    name: string,
  ): Promise<{ readonly state: 'present'; readonly value: unknown } | { readonly state: 'missing' | 'unreadable' }>;
  write(name: string, value: unknown): Promise<void>;
}

export interface StoreParts {
  readonly files: Files;
  readonly log: Log;
  /** Absolute path of the state folder. */
  readonly folder: string;
}

/** `StatePermission` where the folder may not be used; reading never makes it. */
export function createStore({ files, log, folder }: StoreParts): Store {
  return {
    folder,
    async read(name) {
      try {
        const text = await files.read(`${folder}/${name}`);
        return text === null ? { state: 'missing' } : { state: 'present', value: JSON.parse(text) as unknown };
      } catch (thrown) {
        const error = thrown instanceof SyntaxError ? null : toKreError(thrown);
        if (error?.code === 'StatePermission') throw error;
        log.error({ file: name, error: error?.message ?? 'not JSON' }, 'a file of the state folder is not readable');
        return { state: 'unreadable' };
      }
    },
    async write(name, value) {
      await files.ensureFolder(folder, 0o711);
      await files.write(`${folder}/${name}`, `${JSON.stringify(value, null, 1)}\n`, { mode: 0o600 });
    },
  };
}

/** Refuses a name that would lead out of the state folder. Names come from validated manifests; this is the second lock. */
export function safeName(name: string): string {
  if (/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name) && !name.includes('..')) return name;
  throw new KreError({
    code: 'Internal',
    message: `not a name for a file: ${JSON.stringify(name)}`,
    hint: 'Report this with the manifest.',
    disposition: 'bug',
  });
}
