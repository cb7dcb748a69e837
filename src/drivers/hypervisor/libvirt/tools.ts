import { KreError } from '../../../model/error.ts';
import type { Exec } from '../../../model/ports.ts';
import { storageDenied, storageFull } from './storage-files.ts';

/** Runs a program that makes or reads files in the images folder. */
export interface StorageTools {
  /** Its stdout. Fails with `StoragePermission`, `StorageFull`, `ProgramMissing` or `ExecFailed`, which names what was wanted. */
  run(program: string, args: readonly string[], what: string, options?: ToolOptions): Promise<string>;
  /** Whether it ended well; a missing program is not well. */
  succeeds(program: string, args: readonly string[]): Promise<boolean>;
}

export interface ToolOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Default 30 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const defaultTimeoutMs = 30_000;

export function createStorageTools(exec: Exec, root: string): StorageTools {
  return {
    run: async (program, args, what, options = {}) => {
      const request = { program, args, timeoutMs: defaultTimeoutMs, ...options };
      const { exitCode, stdout, stderr } = await exec.run(request);
      if (exitCode !== 0) throw toolFailed(root, program, what, stderr || stdout);
      return stdout;
    },
    succeeds: async (program, args) => {
      try {
        return (await exec.run({ program, args, timeoutMs: defaultTimeoutMs })).exitCode === 0;
      } catch {
        return false;
      }
    },
  };
}

function toolFailed(root: string, program: string, what: string, said: string): KreError {
  const detail = said.trim().split('\n').slice(-3).join('; ').slice(0, 400);
  const message = `could not ${what}: ${detail || `${program} said nothing`}`;
  if (/permission denied|operation not permitted|read-only file system/i.test(said))
    return storageDenied(root, message);
  if (/no space left|disk quota exceeded/i.test(said)) return storageFull(message);
  return new KreError({
    code: 'ExecFailed',
    message,
    hint: `The text is what ${program} said; look at the files below ${root}.`,
    disposition: 'retry',
  });
}
