import type { Acts } from '../execute.ts';
import type { World } from '../reconcile.ts';
import type { ActParts } from './context.ts';
import { guestActs, publishActs } from './guest-acts.ts';
import { machineActs } from './machine-acts.ts';
import { restoreActs } from './restore-acts.ts';

/** Every act, bound to what was desired and observed when the plan was made. */
export function createActs(world: World, parts: ActParts): Acts {
  return {
    ...machineActs(world, parts),
    ...guestActs(world, parts),
    ...publishActs(world, parts),
    ...restoreActs(world, parts),
  };
}
