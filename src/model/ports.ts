/**
 * What the rest of the program may ask of the machine it runs on. `src/sys` implements these; nothing else touches
 * processes, files or time.
 */

/** Time as the program sees it: milliseconds since the Unix epoch. The simulator hands in a virtual one. */
export interface Clock {
  now(): number;
}

/** One run of a program. `args` never pass a shell. `input` goes to standard input and is not logged. */
export interface ExecRequest {
  readonly program: string;
  readonly args: readonly string[];
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Killed after this time; `ExecTimeout`. */
  readonly timeoutMs: number;
  /** Bytes of stdout and of stderr kept at most; more is an `ExecFailed`. Default 16 MiB. */
  readonly maxOutputBytes?: number;
  readonly signal?: AbortSignal;
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that goes on, read line by line. */
export interface ExecStream {
  readonly pid: number;
  /** Resolves with the exit code, never rejects. */
  readonly ended: Promise<number | null>;
  /** Writes to standard input. */
  write(text: string): void;
  stop(): void;
}

/** Runs programs with `LC_ALL=C`. A missing program is `ProgramMissing`; an exit code is a result, not an error. */
export interface Exec {
  run(request: ExecRequest): Promise<ExecResult>;
  /**
   * Starts a program whose lines of stdout (and stderr, if asked for) are handed over as they come, without their line
   * end. A line longer than `maxOutputBytes` stops the program.
   */
  stream(
    request: Omit<ExecRequest, 'timeoutMs' | 'input'>,
    onLine: (line: string) => void,
    onErrorLine?: (line: string) => void,
  ): ExecStream;
}

/** Structured log; messages are constant lower-case sentences, what varies is in `fields`. Secrets never get here. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Log;
}

export interface FileStat {
  readonly kind: 'file' | 'folder' | 'symlink' | 'other';
  readonly sizeBytes: number;
  /** What it takes on the disk: less than its size where it has holes. */
  readonly allocatedBytes: number;
  readonly modifiedMs: number;
  readonly mode: number;
}

/**
 * Files. Paths are absolute. What does not exist is `null` on reading and no error on removing; no permission is
 * `StatePermission`, a full disk `StorageFull`.
 */
export interface Files {
  /** Whole file as UTF-8; `null` if missing; more than `maxBytes` (default 8 MiB) is `StateUnreadable`. */
  read(path: string, maxBytes?: number): Promise<string | null>;
  /** Replaces the file in one act (temporary file, fsync, rename). Mode default 0600. */
  write(
    path: string,
    content: string | Uint8Array,
    options?: { readonly mode?: number; readonly group?: string },
  ): Promise<void>;
  /** Whole file as it is; `null` if missing; more than `maxBytes` is `StateUnreadable`. */
  readBytes(path: string, maxBytes: number): Promise<Uint8Array | null>;
  /** Adds to the end of the file in one write and syncs it; makes the file (0600) if missing. */
  append(path: string, text: string): Promise<void>;
  /** Makes the folder and its parents; sets the mode (default 0700) on the last one only when it made it. */
  ensureFolder(path: string, mode?: number): Promise<void>;
  /** Names in the folder, sorted; empty if missing. */
  list(path: string): Promise<readonly string[]>;
  /** `null` if missing; does not follow a symlink. */
  stat(path: string): Promise<FileStat | null>;
  /** The path with every symlink resolved; `null` if missing. */
  realPath(path: string): Promise<string | null>;
  rename(from: string, to: string): Promise<void>;
  removeFile(path: string): Promise<void>;
  /** Removes the folder with what is in it; only for folders that we made. */
  removeFolder(path: string): Promise<void>;
  freeBytes(path: string): Promise<number>;
}
