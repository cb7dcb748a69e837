/**
 * `npm run test:crash -- --seeds N --from S`, with `--keep-going` past failures, which are listed at the end, and `--every 4` for one seed of each
 * history; `--seed X` to live through one history again and see all of it; `--mutate all` (or a part of a name) to see in which seed deliberate faults
 * of the engine are found.
 */
import { parseArgs } from 'node:util';
import { mutations } from './mutations.ts';
import { type Failure, findMutation, verifySeed } from './verify.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    every: { type: 'string', default: '1' },
    'keep-going': { type: 'boolean', default: false },
    mutate: { type: 'string' },
  },
});

/** In a long run it is told how far it is. */
const TOLD_EVERY = 250;

function tell({ seed, what, scenario, timeline }: Failure): void {
  console.log(`\nseed ${seed}: ${what}\n  history ${JSON.stringify(scenario)}`);
  for (const line of timeline) console.log(`  ${line}`);
  console.log(`  again: npm run test:crash -- --seed ${seed}`);
}

/** Returns how many deliberate faults were not found. */
async function mutate(part: string, from: number, count: number): Promise<number> {
  let missed = 0;
  for (const [name, engine] of Object.entries(mutations)) {
    if (part !== 'all' && !name.includes(part)) continue;
    const found = await findMutation(engine, from, count);
    if (!found) missed += 1;
    console.log(
      `${found ? `seed ${found.seed}` : 'NOT FOUND'}: ${name}${found ? ` (${found.what.slice(0, 160)})` : ''}`,
    );
  }
  return missed;
}

async function main(): Promise<number> {
  if (values.mutate !== undefined) return (await mutate(values.mutate, Number(values.from), Number(values.seeds))) && 1;
  const from = Number(values.seed ?? values.from);
  const count = values.seed === undefined ? Number(values.seeds) : 1;
  const beganAtMs = Date.now();
  let crashes = 0;
  const failed: number[] = [];
  for (let seed = from; seed < from + count; seed += Number(values.every)) {
    if (seed > from && (seed - from) % TOLD_EVERY === 0) console.error(`${seed - from} of ${count}`);
    const verdict = await verifySeed(seed);
    crashes += verdict.crashes;
    if (!verdict.failure) continue;
    failed.push(seed);
    tell(verdict.failure);
    if (!values['keep-going']) break;
  }
  const tookS = (Date.now() - beganAtMs) / 1000;
  console.log(
    `${count} seeds from ${from}: ${crashes} ends of the agent, ${failed.length} failures, ${tookS.toFixed(1)} s`,
  );
  if (failed.length > 0) console.log(`failed: ${failed.join(' ')}`);
  return failed.length === 0 ? 0 : 1;
}

process.exitCode = await main();
