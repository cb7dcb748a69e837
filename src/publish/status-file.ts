import type { Files, Log } from '../model/ports.ts';
import type { Status } from '../model/status.ts';

/** `status.json` in the state folder: one writer, replaced whole, so that a reader never sees half of one. */
export interface StatusFile {
  write(status: Status): Promise<void>;
  /** `null` before the first, or where it is of another schema or damaged: the next pass writes it anew. */
  read(): Promise<Status | null>;
}

export function createStatusFile(files: Files, stateFolder: string, log: Log): StatusFile {
  const path = `${stateFolder}/status.json`;
  return {
    async write(status) {
      await files.ensureFolder(stateFolder, 0o711);
      await files.write(path, `${JSON.stringify(status, null, 1)}\n`, { mode: 0o600 });
    },
    async read() {
      const text = await files.read(path);
      if (text === null) return null;
      try {
        const value: unknown = JSON.parse(text);
        if (isStatus(value)) return value;
      } catch {
        // Said below, as for another schema.
      }
      log.warn({ file: path }, 'status of an earlier run is not readable and is written anew');
      return null;
    },
  };
}

function isStatus(value: unknown): value is Status {
  if (typeof value !== 'object' || value === null) return false;
  const { schema, clusters, machines, source } = value as Partial<Status>;
  return schema === 1 && Array.isArray(clusters) && Array.isArray(machines) && typeof source === 'object';
}
