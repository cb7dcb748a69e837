import { describe, expect, test } from 'vitest';
import { KreError } from '../../../src/model/error.ts';
import { contractMachine } from './contract-machine.ts';
import { findDomain, findFolder, type HypervisorWorld, readDomain } from './contract-world.ts';

/** Deletion takes what is the machine's own, and nothing while it runs. */
export function deletionContract(world: () => HypervisorWorld): void {
  const made = async (name: string) => {
    const machine = contractMachine(world(), name);
    await world().driver.prepareDisks(machine.disks);
    await world().driver.define(machine.definition);
    return machine;
  };
  const folderNames = async () => (await world().driver.inventory()).folders.map((folder) => folder.machine);

  describe('deletion', () => {
    test.each(['Retain', 'Delete'] as const)(
      'with %s the domain and its folder are gone, also asked twice',
      async (policy) => {
        const name = `ct-gone-${policy.toLowerCase()}`;
        const neighbour = await made(`${name}-neighbour`);
        const { ref } = await made(name);
        await world().driver.deleteMachine(ref, policy);
        await world().driver.deleteMachine(ref, policy);
        expect(await findDomain(world().driver, ref.uuid)).toBeUndefined();
        expect(await folderNames()).not.toContain(name);
        expect(await folderNames()).toContain(neighbour.ref.name);
        expect(await readDomain(world().driver, neighbour.ref.uuid)).toMatchObject({ state: 'shut off' });
        await world().driver.deleteMachine(neighbour.ref, policy);
      },
    );

    test('what runs is not deleted', async () => {
      const { ref } = await made('ct-busy');
      await world().driver.start(ref);
      await expect(world().driver.deleteMachine(ref, 'Delete')).rejects.toBeInstanceOf(KreError);
      expect(await readDomain(world().driver, ref.uuid)).toMatchObject({ name: 'ct-busy' });
      expect(await findFolder(world().driver, 'ct-busy')).toEqual({
        machine: 'ct-busy',
        generations: [1],
        hasStateDisk: true,
      });
      await world().driver.powerOff(ref);
      await world().driver.deleteMachine(ref, 'Delete');
      expect(await folderNames()).not.toContain('ct-busy');
    });

    test('what was prepared for a machine that never got a domain is discarded, also asked twice', async () => {
      const { ref, disks } = contractMachine(world(), 'ct-unmade');
      await world().driver.prepareDisks(disks);
      await world().driver.discardDisks(ref);
      await world().driver.discardDisks(ref);
      expect(await folderNames()).not.toContain('ct-unmade');
      const machine = await made('ct-unmade');
      await expect(world().driver.discardDisks(machine.ref)).rejects.toMatchObject({ code: 'VirshFailed' });
      expect(await findFolder(world().driver, 'ct-unmade')).toEqual({
        machine: 'ct-unmade',
        generations: [],
        hasStateDisk: true,
      });
      await world().driver.deleteMachine(ref, 'Delete');
    });

    test('a retained state disk goes back under its own machine, also asked twice, and under no other', async () => {
      const { ref, disks, definition } = await made('ct-kept');
      const stranger = contractMachine(world(), 'ct-stranger').ref;
      await world().driver.deleteMachine(ref, 'Retain');
      const kept = async () =>
        ((await world().driver.inventory()).retained ?? []).filter((entry) => entry.uuid === ref.uuid);
      const [disk] = await kept();
      expect(disk).toMatchObject({ machine: 'ct-kept', mark: definition.mark });
      const name = disk?.name ?? '';
      await expect(world().driver.adoptRetained(stranger, name)).rejects.toMatchObject({ code: 'VirshFailed' });
      await world().driver.adoptRetained(ref, name);
      await world().driver.adoptRetained(ref, name);
      expect(await kept()).toEqual([]);
      expect(await findFolder(world().driver, 'ct-kept')).toEqual({
        machine: 'ct-kept',
        generations: [],
        hasStateDisk: true,
      });
      await world().driver.prepareDisks(disks);
      await world().driver.define(definition);
      await expect(world().driver.adoptRetained(ref, name)).rejects.toMatchObject({ code: 'VirshFailed' });
      await world().driver.deleteMachine(ref, 'Delete');
      await expect(world().driver.adoptRetained(ref, name)).rejects.toMatchObject({ code: 'StateDiskMissing' });
    });

    test("a retained state disk takes no other one's place", async () => {
      const { ref, disks } = await made('ct-place');
      await world().driver.deleteMachine(ref, 'Retain');
      const kept = ((await world().driver.inventory()).retained ?? []).find((entry) => entry.uuid === ref.uuid);
      await world().driver.prepareDisks(disks);
      const adopt = () => world().driver.adoptRetained(ref, kept?.name ?? '');
      await expect(adopt()).rejects.toMatchObject({ code: 'VirshFailed' });
      expect((await world().driver.inventory()).retained?.map((entry) => entry.name)).toContain(kept?.name);
      await world().driver.define(contractMachine(world(), 'ct-place').definition);
      await world().driver.deleteMachine(ref, 'Delete');
      await adopt();
      await world().driver.define(contractMachine(world(), 'ct-place').definition);
      await world().driver.deleteMachine(ref, 'Delete');
    });

    test('a deleted machine can be made again', async () => {
      const { ref } = await made('ct-again');
      await world().driver.deleteMachine(ref, 'Retain');
      await made('ct-again');
      expect(await readDomain(world().driver, ref.uuid)).toMatchObject({ state: 'shut off' });
      await world().driver.deleteMachine(ref, 'Delete');
    });
  });
}
