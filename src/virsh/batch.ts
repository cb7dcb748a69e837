/**
 * Many commands in one virsh. virsh has no separators and goes on after an error, so after each command it is made to say
 * a marker on both of its outputs: what stands between two markers belongs to one command, errors included. Seen on
 * libvirt 9.0: a command whose error output has a line `error: …` failed, and no other did.
 */
import { quoteWord } from './quote.ts';

/** One virsh command: its name, then its words, unquoted. */
export type VirshCommand = readonly [string, ...string[]];

/** What became of one command. `error` is virsh's text without `error: `, empty when it succeeded. */
export interface VirshResult {
  readonly ok: boolean;
  readonly stdout: string;
  readonly error: string;
}

export interface BatchOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/** A command as virsh reads it. */
export function renderCommand(command: VirshCommand): string {
  return command.map(quoteWord).join(' ');
}

/** The text of a batch: joined by `;` as one argument, or by line ends as input. `marker` must not occur in any output. */
export function renderBatch(lines: readonly string[], marker: string, separator: ';' | '\n'): string {
  return lines
    .flatMap((line, index) => [line, `echo ${marker}-${index}-`, `echo --err ${marker}-${index}-`])
    .join(separator);
}

/** The most that the markers add to one command, in bytes. */
export function markerBytes(marker: string): number {
  return 2 * (marker.length + 12) + 'echo ;echo --err ;'.length;
}

/**
 * Cuts the outputs into one result a command. `null` for a command that was not reached: virsh ended before, or its
 * parser refused the whole batch.
 */
export function splitBatch(
  lines: readonly string[],
  marker: string,
  { stdout, stderr }: BatchOutput,
): readonly (VirshResult | null)[] {
  const said = cut(stdout, lines.length, (index) => `${marker}-${index}-`);
  const errors = cut(stderr, lines.length, (index) => `error: ${marker}-${index}-\n`);
  return lines.map((line, index) => {
    const section = said[index];
    const complaint = errors[index];
    if (section === undefined || complaint === undefined) return null;
    const error = errorText(complaint);
    return { ok: error === '', stdout: withoutEcho(section, line, marker), error };
  });
}

/** Pieces that end with the marker of their index; stops at the first that is missing. */
function cut(text: string, count: number, endOf: (index: number) => string): readonly string[] {
  const pieces: string[] = [];
  let from = 0;
  for (let index = 0; index < count; index++) {
    const end = endOf(index);
    // By input the marker is seen twice: in the echoed command, and as what that command said.
    const echoed = `echo ${end}\n${end}`;
    const at = text.indexOf(end, from);
    if (at < 0) break;
    const echoAt = at - 'echo '.length;
    const isEchoed = echoAt >= from && text.startsWith(echoed, echoAt);
    pieces.push(text.slice(from, isEchoed ? echoAt : at));
    from = isEchoed ? echoAt + echoed.length : at + end.length;
  }
  return pieces;
}

const prompts = /^(?:virsh [#>] )+/;
const lastPrompt = /virsh [#>] $/;

/** Takes away what virsh shows of its input: prompts, our marker on stderr, and the command itself. */
function withoutEcho(section: string, line: string, marker: string): string {
  let rest = section.replace(lastPrompt, '').replace(prompts, '');
  rest = rest.replace(new RegExp(`^echo --err ${marker}-\\d+-\\n`), '').replace(prompts, '');
  const [first = ''] = rest.split('\n', 1);
  if (unfolded(first) === line) rest = rest.slice(first.length + 1);
  return rest.replace(/\n+$/, '');
}

/** readline folds what it echoes at the width of a terminal that is not there: a carriage return, and the character before it again. */
function unfolded(echo: string): string {
  return echo.replaceAll(/\r./g, '');
}

function errorText(complaint: string): string {
  return complaint
    .split('\n')
    .filter((line) => line.startsWith('error: '))
    .map((line) => line.slice('error: '.length))
    .join('; ');
}
