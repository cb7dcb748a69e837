import { expect, it } from 'vitest';
import { verifySeed } from './verify.ts';

/** `npm run test:crash -- --seeds N --from S` lives through more; `--seed X` tells all of one. */
const SEEDS = 200;
const IN_ONE_TEST = 40;
const firsts = Array.from({ length: SEEDS / IN_ONE_TEST }, (_, index) => index * IN_ONE_TEST);

it.each(firsts)(
  `seeds %i and the ${IN_ONE_TEST - 1} after it end as without any end of the agent, and safely`,
  async (first) => {
    let ends = 0;
    for (let seed = first; seed < first + IN_ONE_TEST; seed += 1) {
      const { failure, crashes } = await verifySeed(seed);
      expect(failure && [failure.seed, failure.what, ...failure.timeline]).toBeNull();
      ends += crashes;
    }
    expect(ends).toBeGreaterThan(IN_ONE_TEST / 2);
  },
  300_000,
);
