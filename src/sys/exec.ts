/**
 * Runs programs for everybody. Never through a shell, always in the C locale, with a deadline and a bound on what is
 * kept. Arguments are visible in `ps`, so error messages name the program and never quote what was fed to its input.
 */
import { execa, type Options } from 'execa';
import type { Exec, ExecRequest, ExecResult } from '../model/ports.ts';
import { execFailed, execTimeout, programMissing } from './exec-errors.ts';
import { startStream } from './exec-stream.ts';
import { endWithGroup } from './process-group.ts';

const defaultMaxOutputBytes = 16 * 1024 * 1024;
/** A program that does not end on SIGTERM is killed after this. */
const forceKillAfterMs = 2000;

/** The Exec port over execa. */
export const systemExec: Exec = { run, stream: startStream };

async function run(request: ExecRequest): Promise<ExecResult> {
  const child = execa(request.program, [...request.args], runOptions(request));
  endWithGroup(child);
  const result = await child;
  if (result.failed) throwUnlessExitCode(request, result);
  if (result.exitCode === undefined) throw execFailed(request.program, 'ended without an exit code');
  return { exitCode: result.exitCode, stdout: decode(result.stdout), stderr: decode(result.stderr) };
}

function runOptions(request: ExecRequest) {
  return {
    reject: false,
    shell: false,
    detached: true,
    encoding: 'buffer',
    stripFinalNewline: false,
    env: { ...request.env, LC_ALL: 'C' },
    maxBuffer: request.maxOutputBytes ?? defaultMaxOutputBytes,
    timeout: request.timeoutMs,
    forceKillAfterDelay: forceKillAfterMs,
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
    ...(request.signal === undefined ? {} : { cancelSignal: request.signal }),
    ...(request.input === undefined ? { stdin: 'ignore' as const } : { input: request.input }),
  } satisfies Options;
}

/** The part of execa's result that tells why a run failed. */
interface FailedRun {
  readonly code?: string | undefined;
  readonly signal?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly timedOut: boolean;
  readonly isCanceled: boolean;
  readonly isMaxBuffer: boolean;
  readonly isTerminated: boolean;
}

/** An exit code is a result; everything else that execa calls a failure is an error. */
function throwUnlessExitCode({ program, cwd, timeoutMs, maxOutputBytes }: ExecRequest, failed: FailedRun): void {
  const cause = failed instanceof Error ? failed.cause : undefined;
  if (failed.code === 'ENOENT' || failed.code === 'EACCES') throw programMissing(program, cwd, cause);
  if (failed.timedOut) throw execTimeout(program, timeoutMs, cause);
  if (failed.isCanceled) throw execFailed(program, 'was stopped because its result is no longer wanted', cause);
  if (failed.isMaxBuffer) {
    throw execFailed(program, `printed more than ${maxOutputBytes ?? defaultMaxOutputBytes} bytes`, cause);
  }
  if (failed.isTerminated) throw execFailed(program, `was ended by ${failed.signal ?? 'a signal'}`, cause);
  if (failed.exitCode === undefined) {
    throw execFailed(program, `could not be run (${failed.code ?? 'no reason given'})`, cause);
  }
}

function decode(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
