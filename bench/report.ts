import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

/** One line of a table: cells in the order of the columns. */
export type Row = readonly string[];

/** What one bench found, as it stands in docs/benchmarks.md. */
export interface BenchResult {
  readonly title: string;
  /** What was measured and how, for somebody who has not read the bench. */
  readonly about: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** The aim, whether it is met, and if not by how much and why. */
  readonly verdicts: readonly string[];
  /** One-minute load of the machine before it began. */
  readonly load: string;
}

export interface Bench {
  /** As `--only` takes it. */
  readonly name: string;
  run(): Promise<BenchResult>;
}

/** An aim as a sentence with its outcome. `why` is said where it is missed. */
export function verdict(aim: string, isMet: boolean, found: string, why = ''): string {
  return `${isMet ? 'Met' : '**Missed**'}: ${aim}; found ${found}.${isMet || why === '' ? '' : ` ${why}`}`;
}

/** One section of the document. */
export function sectionText(name: string, result: BenchResult, date: string): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const table = [line(result.columns), line(result.columns.map(() => '---')), ...result.rows.map(line)];
  const again = `Measure again: \`npm run bench -- --only ${name}\`. Measured ${date}, load before it began ${result.load}.`;
  return [
    `## ${result.title}`,
    result.about,
    table.join('\n'),
    result.verdicts.map((text) => `- ${text}`).join('\n'),
    again,
  ].join('\n\n');
}

/** The machine that the figures are of. */
export function machineText(): string {
  const [cpu] = cpus();
  const os = /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} cores (${(cpu?.model ?? 'unknown').trim()}), ${memoryGiB} GiB, ${os}, kernel ${release()}, Node ${process.versions.node}`;
}
