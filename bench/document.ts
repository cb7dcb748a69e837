import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { machineText } from './report.ts';

const file = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url));

const begin = (name: string) => `<!-- bench ${name} -->`;

/** Replaces one bench's section in docs/benchmarks.md and leaves the others as they were measured. `order`: of all sections. */
export async function writeSections(order: readonly string[], name: string, text: string): Promise<void> {
  const present = sections(await readFile(file, 'utf8').catch(() => ''));
  present.set(name, text);
  const parts = order.flatMap((entry) => {
    const section = present.get(entry);
    return section === undefined ? [] : [`${begin(entry)}\n${section}`];
  });
  await writeFile(file, `${[head(), ...parts].join('\n\n')}\n`);
}

function sections(document: string): Map<string, string> {
  const [, ...parts] = document.split(/^<!-- bench (?=[a-z-]+ -->$)/m);
  return new Map(
    parts.map((part) => {
      const end = part.indexOf(' -->');
      return [part.slice(0, end), part.slice(end + 4).trim()] as const;
    }),
  );
}

function head(): string {
  return `# Benchmarks

Figures with what re-measures them, side by side with the floor (the least that any program on this road has to do) and with what somebody would run
instead. \`npm run bench\` measures everything and prints it; with \`-- --write\` it also rewrites this file; \`--only NAME\` picks one. Benches that
need libvirt start a lab host of their own (\`test/lab\`), which needs root.

The machine: ${machineText()}; no KVM, guests are emulated. It is shared and noisy: figures are medians, the load before each bench stands with it.`;
}
