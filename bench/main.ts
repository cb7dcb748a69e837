/** `npm run bench [-- --only NAME] [--write]`: measures, prints, and with --write puts the sections into docs/benchmarks.md. */
import { parseArgs } from 'node:util';
import { commit, memory } from './agent.ts';
import { corrective } from './corrective.ts';
import { writeSections } from './document.ts';
import { noOp } from './no-op.ts';
import { planner } from './planner.ts';
import { type Bench, sectionText } from './report.ts';
import { running } from './running.ts';

const benches: readonly Bench[] = [noOp, running, planner, memory, commit, corrective];

const { values } = parseArgs({ options: { only: { type: 'string' }, write: { type: 'boolean' } } });
const wanted = values.only?.split(',');
const unknown = wanted?.filter((name) => !benches.some((bench) => bench.name === name)) ?? [];
if (unknown.length > 0) {
  console.error(`no bench ${unknown.join(', ')}; there are ${benches.map(({ name }) => name).join(', ')}`);
  process.exit(1);
}
const date = new Date().toISOString().slice(0, 10);
for (const bench of benches) {
  if (wanted && !wanted.includes(bench.name)) continue;
  console.error(`bench ${bench.name} …`);
  const text = sectionText(bench.name, await bench.run(), date);
  console.log(`${text}\n`);
  // After each, so that a later failure loses nothing.
  if (values.write)
    await writeSections(
      benches.map(({ name }) => name),
      bench.name,
      text,
    );
}
