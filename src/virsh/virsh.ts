import { randomBytes } from 'node:crypto';
import { KreError } from '../model/error.ts';
import type { Exec, Log } from '../model/ports.ts';
import {
  type BatchOutput,
  markerBytes,
  renderBatch,
  renderCommand,
  splitBatch,
  type VirshCommand,
  type VirshResult,
} from './batch.ts';
import { type EventListener, watchVirshEvents } from './event-stream.ts';
import { saysUnreachable, unreachable, virshFailed, virshMissing } from './virsh-errors.ts';

/** How one batch is run. */
export interface VirshOptions {
  /** For each process; `ExecTimeout`. */
  readonly timeoutMs: number;
  /**
   * `input` keeps every word out of the list of processes and takes bulk: for secrets, marks, messages to guests.
   * Default `arguments`, in which a single command over 120 KiB goes by input nevertheless.
   */
  readonly by?: 'arguments' | 'input';
  readonly maxOutputBytes?: number;
  readonly signal?: AbortSignal;
}

/** The executor that the providers which speak to libvirt share. */
export interface Virsh {
  readonly uri: string;
  /**
   * Runs commands in order in one process, or by arguments one for each 120 KiB; a failing command does not stop those
   * after it. One result a command. Rejects with `VirshMissing`, `HypervisorUnreachable`, `ExecTimeout`, and with
   * `VirshFailed` when virsh refused the batch as a whole; then some commands may have been run.
   */
  run(commands: readonly VirshCommand[], options: VirshOptions): Promise<readonly VirshResult[]>;
  /** One command whose failure is `VirshFailed`; gives its output. */
  ask(command: VirshCommand, options: VirshOptions): Promise<string>;
  /** Follows libvirt's events until `stop`, over restarts of its daemon. */
  watch(listener: EventListener): { stop(): void };
}

export interface VirshSettings {
  readonly exec: Exec;
  readonly uri: string;
  readonly log: Log;
}

/** Linux takes no argument over 128 KiB. */
const maxArgumentBytes = 120 * 1024;

/** A `Virsh` over short-lived processes: each costs 15 ms, whatever it does, and leaves no state behind. */
export function createVirsh({ exec, uri, log }: VirshSettings): Virsh {
  const runChunk = async (lines: readonly string[], by: 'arguments' | 'input', options: VirshOptions) => {
    const marker = `kre-${randomBytes(12).toString('hex')}`;
    const text = renderBatch(lines, marker, by === 'input' ? '\n' : ';');
    const args = ['-q', '-c', uri];
    const output = await runVirsh(exec, {
      program: 'virsh',
      args: by === 'input' ? args : [...args, text],
      ...(by === 'input' ? { input: `${text}\n` } : {}),
      // Else virsh writes every line it reads to a history file, and its line editor wraps or cuts what it echoes at 80 columns.
      env: { VIRSH_HISTSIZE: '0', TERM: 'dumb', COLUMNS: '1000000' },
      timeoutMs: options.timeoutMs,
      ...(options.maxOutputBytes === undefined ? {} : { maxOutputBytes: options.maxOutputBytes }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    return complete(uri, lines, splitBatch(lines, marker, output), output);
  };

  const run = async (commands: readonly VirshCommand[], options: VirshOptions): Promise<readonly VirshResult[]> => {
    const lines = commands.map(renderCommand);
    if (options.by === 'input') return lines.length === 0 ? [] : runChunk(lines, 'input', options);
    const results: VirshResult[] = [];
    for (const chunk of chunks(lines)) {
      const isTooLong = chunk.length === 1 && (chunk[0] ?? '').length > maxArgumentBytes - 256;
      results.push(...(await runChunk(chunk, isTooLong ? 'input' : 'arguments', options)));
    }
    return results;
  };

  const ask = async (command: VirshCommand, options: VirshOptions): Promise<string> => {
    const [result] = await run([command], options);
    if (!result?.ok) throw virshFailed(command[0], result?.error ?? '');
    return result.stdout;
  };
  return { uri, run, ask, watch: (listener) => watchVirshEvents({ exec, uri, log }, listener) };
}

async function runVirsh(exec: Exec, request: Parameters<Exec['run']>[0]): Promise<BatchOutput> {
  try {
    return await exec.run(request);
  } catch (thrown) {
    if (thrown instanceof KreError && thrown.code === 'ProgramMissing') throw virshMissing(thrown);
    throw thrown;
  }
}

/** Every command was reached and a daemon answered, or an error that says why not. */
function complete(
  uri: string,
  lines: readonly string[],
  results: readonly (VirshResult | null)[],
  output: BatchOutput,
): readonly VirshResult[] {
  const reached = results.filter((result) => result !== null);
  const lost = reached.find((result) => !result.ok && saysUnreachable(result.error));
  if (lost) throw unreachable(uri, lost.error);
  if (reached.length === lines.length) return reached;
  if (saysUnreachable(output.stderr)) throw unreachable(uri, output.stderr);
  const [name = ''] = (lines[reached.length] ?? '').split(' ');
  throw virshFailed(name, output.stderr.slice(-600));
}

function chunks(lines: readonly string[]): readonly (readonly string[])[] {
  const overhead = markerBytes(`kre-${'0'.repeat(24)}`);
  const result: string[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const line of lines) {
    const cost = line.length + overhead;
    if (size + cost > maxArgumentBytes) {
      result.push([]);
      size = 0;
    }
    result.at(-1)?.push(line);
    size += cost;
  }
  return result;
}
