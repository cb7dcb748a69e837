import type { Guard } from './objection.ts';

/** Nothing is taken down for a new root disk before its image lies in the store. While it is fetched, that is a wait of the plan. */
export const imageReady: Guard = (facts, { machine, what, needs }) => {
  if (what !== 'recreate' || (needs ?? []).length > 0 || facts.imageDigests.has(machine.spec.image.digest)) return null;
  return {
    guard: 'ImageReady',
    reason: `the image of ${machine.name} is not in the store`,
    wayOut: 'It goes on when the image is fetched.',
  };
};
