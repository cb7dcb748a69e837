import { StringDecoder } from 'node:string_decoder';
import { execa } from 'execa';
import type { Exec, ExecStream } from '../model/ports.ts';
import { programMissing } from './exec-errors.ts';
import { endWithGroup } from './process-group.ts';

const defaultMaxLineBytes = 16 * 1024 * 1024;
const forceKillAfterMs = 2000;

/** Starts a program that goes on and hands over its lines; see `Exec.stream`. */
export const startStream: Exec['stream'] = (request, onLine, onErrorLine): ExecStream => {
  const child = execa(request.program, [...request.args], {
    reject: false,
    shell: false,
    detached: true,
    buffer: false,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: onErrorLine ? 'pipe' : 'ignore',
    encoding: 'buffer',
    env: { ...request.env, LC_ALL: 'C' },
    forceKillAfterDelay: forceKillAfterMs,
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
    ...(request.signal === undefined ? {} : { cancelSignal: request.signal }),
  });
  const ended = child.then((result) => result.exitCode ?? null);
  if (child.pid === undefined) throw programMissing(request.program, request.cwd);
  endWithGroup(child);

  const stop = (): void => {
    child.kill();
  };
  const maxLineBytes = request.maxOutputBytes ?? defaultMaxLineBytes;
  readLines(child.stdout, maxLineBytes, onLine, stop);
  if (onErrorLine) readLines(child.stderr, maxLineBytes, onErrorLine, stop);
  // A program that has gone while we write is seen in `ended`; the broken pipe itself says nothing more.
  child.stdin.on('error', () => undefined);
  return {
    pid: child.pid,
    ended,
    write: (text) => {
      if (child.stdin.writable) child.stdin.write(text);
    },
    stop,
  };
};

/** Cuts a stream into lines; what follows the last line end is handed over when the stream ends. */
function readLines(
  stream: NodeJS.ReadableStream | null,
  maxLineBytes: number,
  onLine: (line: string) => void,
  onTooLong: () => void,
): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  stream?.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
    if (rest.length > maxLineBytes) {
      rest = '';
      onTooLong();
    }
  });
  stream?.on('end', () => {
    rest += decoder.end();
    if (rest !== '') onLine(rest);
  });
}
