/** What every provider of the hypervisor role promises. Run by the simulator in `npm test` and by libvirt in the lab. */
import { afterAll, beforeAll, describe } from 'vitest';
import { actsContract } from './contract-acts.ts';
import { deletionContract } from './contract-deletion.ts';
import { foreignContract } from './contract-foreign.ts';
import { generationsContract } from './contract-generations.ts';
import { imageContract } from './contract-images.ts';
import { networkContract } from './contract-network.ts';
import type { HypervisorWorld } from './contract-world.ts';

/** One world serves all tests, in order, because a real one takes seconds to make; each test has machines of its own. */
export function hypervisorContract(name: string, make: () => Promise<HypervisorWorld>): void {
  describe(`hypervisor contract: ${name}`, () => {
    let made: HypervisorWorld | undefined;
    const world = (): HypervisorWorld => {
      if (!made) throw new Error('the world was not made');
      return made;
    };
    beforeAll(async () => {
      made = await make();
    });
    afterAll(async () => {
      await made?.dispose();
    });
    imageContract(world);
    networkContract(world);
    actsContract(world);
    generationsContract(world);
    deletionContract(world);
    foreignContract(world);
  });
}
