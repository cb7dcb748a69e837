import type { Exec, ExecRequest, ExecResult, Log } from '../../src/model/ports.ts';

/** A log that nobody reads. */
export const quietLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => quietLog,
};

/** What a fake command does: what it prints, or throws as virsh would complain. */
export type FakeCommand = (words: readonly string[]) => string;

/** Thrown by a fake command: virsh prints `error: <message>` and goes on. */
export class VirshComplaint extends Error {}

export interface FakeVirsh {
  readonly exec: Exec;
  /** Every process that was started, in order. */
  readonly requests: readonly ExecRequest[];
  /** Every virsh command that was run, without the markers. */
  readonly commands: readonly (readonly string[])[];
}

/**
 * An `Exec` whose `virsh` prints as libvirt 9.0 was seen to: by argument nothing but output, by input prompts and the echoed
 * commands; other programs go to `otherwise`.
 */
export function fakeVirsh(
  command: FakeCommand,
  otherwise: (request: ExecRequest) => ExecResult | Promise<ExecResult> = () => ({
    exitCode: 0,
    stdout: '',
    stderr: '',
  }),
): FakeVirsh {
  const requests: ExecRequest[] = [];
  const commands: (readonly string[])[] = [];
  const run = async (request: ExecRequest): Promise<ExecResult> => {
    requests.push(request);
    if (request.program !== 'virsh') return otherwise(request);
    const isByInput = request.input !== undefined;
    const text = isByInput ? String(request.input) : (request.args.at(-1) ?? '');
    let stdout = '';
    let stderr = '';
    for (const line of splitOutsideQuotes(text, isByInput ? '\n' : ';')) {
      const words = readWords(line);
      if (words.length === 0) continue;
      if (isByInput) stdout += `virsh # ${line}\n`;
      if (words[0] === 'echo') {
        if (words[1] === '--err') stderr += `error: ${words[2]}\n`;
        else stdout += words.slice(1).join(' ');
        continue;
      }
      commands.push(words);
      try {
        stdout += `${command(words)}\n`;
      } catch (thrown) {
        if (!(thrown instanceof VirshComplaint)) throw thrown;
        stderr += `error: ${thrown.message}\n`;
      }
    }
    if (isByInput) stdout += 'virsh # \n';
    return { exitCode: 0, stdout, stderr };
  };
  const stream: Exec['stream'] = () => {
    throw new Error('this fake has no streams');
  };
  return { exec: { run, stream }, requests, commands };
}

function splitOutsideQuotes(text: string, separator: string): readonly string[] {
  const parts = [''];
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (quote === '' && character === separator) {
      parts.push('');
      continue;
    }
    if (quote === '' && character === '\\') {
      parts[parts.length - 1] += character + (text[++at] ?? '');
      continue;
    }
    if (character === "'" || character === '"') quote = quote === '' ? character : quote === character ? '' : quote;
    parts[parts.length - 1] += character;
  }
  return parts;
}

/** Words as virsh's parser reads them; only what kreconcile writes: bare words, single quotes, escaped single quotes. */
function readWords(line: string): readonly string[] {
  return [...line.matchAll(/(?:'[^']*'|\\.|[^\s'\\])+/g)].map(([word]) =>
    word.replace(
      /'([^']*)'|\\(.)/g,
      (_, quoted: string | undefined, escaped: string | undefined) => quoted ?? escaped ?? '',
    ),
  );
}
