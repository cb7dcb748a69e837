import { expect, it } from 'vitest';
import { mutations } from './mutations.ts';
import { findMutation } from './verify.ts';

/** A fault that none of the seeds below shows is looked for in this many from the start. */
const WITHIN = 160;
/** Seeds that were seen to show faults, rare ones among them: `npm run test:crash -- --mutate all --seeds 2000` tells of each in which. */
const SEEN_IN = [
  4, 72, 0, 36, 40, 41, 8, 184, 12, 48, 212, 28, 92, 16, 20, 56, 76, 136, 149, 188, 284, 348, 352, 400, 504, 512, 860,
  1372,
];

it.each(Object.entries(mutations))(
  'finds that %s',
  async (_name, engine) => {
    for (const seed of SEEN_IN) if (await findMutation(engine, seed, 1)) return;
    expect(await findMutation(engine, 0, WITHIN)).not.toBeNull();
  },
  300_000,
);
