import { expect, it } from 'vitest';
import { mutations } from './mutations.ts';
import { findMutation } from './verify.ts';

/** Each deliberate fault of the engine shows within this many seeds: `npm run test:crash -- --mutate all --seeds 160` tells in which. */
const WITHIN = 160;
/** Seeds that were seen to find some of them, looked into first; the others are looked for from the start. */
const SEEN_IN = [8, 12, 48, 4, 0, 56, 72, 149];

it.each(Object.entries(mutations))(
  'finds that %s',
  async (_name, engine) => {
    for (const seed of SEEN_IN) if (await findMutation(engine, seed, 1)) return;
    expect(await findMutation(engine, 0, WITHIN)).not.toBeNull();
  },
  300_000,
);
