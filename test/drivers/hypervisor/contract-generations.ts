import { describe, expect, test } from 'vitest';
import { contractMachine, contractSeed } from './contract-machine.ts';
import { findFolder, type HypervisorWorld, readDomain } from './contract-world.ts';

/** A machine gets a new root disk and goes back to the old one, its state disk with it; the tests build on each other. */
export function generationsContract(world: () => HypervisorWorld): void {
  describe('a new root disk, and back', () => {
    const machine = () => contractMachine(world(), 'ct-renew');
    const domain = () => readDomain(world().driver, machine().ref.uuid);
    const folder = () => findFolder(world().driver, 'ct-renew');
    const copies = async () => (await folder())?.copies ?? [];
    const operation = async (generation: number) =>
      (await world().driver.inventory()).operations.find(({ id }) => id === `copy-state-ct-renew-${generation}`);
    const copied = async (generation: number) => {
      await world().driver.copyState(machine().ref, generation);
      await world().until('the state disk is copied', async () =>
        (await copies()).some((copy) => copy.generation === generation && copy.isCurrent),
      );
    };
    const runs = async () => {
      await world().driver.start(machine().ref);
      await world().until('its agent is connected', async () => (await domain()).agent === 'connected');
    };
    const ofGeneration = (generation: number) => {
      const { disks, definition } = machine();
      const seed = contractSeed('ct-renew', `generation ${generation}`);
      return {
        disks: { ...disks, generation, seed },
        definition: { ...definition, mark: { ...definition.mark, generation } },
      };
    };

    test('the state disk of a machine that runs is not copied, nor put back', async () => {
      const { ref, disks, definition } = machine();
      await world().driver.prepareDisks(disks);
      await world().driver.define(definition);
      await runs();
      await expect(world().driver.copyState(ref, 1)).rejects.toMatchObject({ code: 'VirshFailed' });
      await expect(world().driver.restoreState(ref, 1)).rejects.toMatchObject({ code: 'VirshFailed' });
      await world().driver.powerOff(ref);
      expect(await folder()).toEqual({ machine: 'ct-renew', generations: [1], hasStateDisk: true });
    });

    test('it is copied in the background, once, and a current copy is success', async () => {
      const { ref } = machine();
      await Promise.all([world().driver.copyState(ref, 1), world().driver.copyState(ref, 1)]);
      await copied(1);
      expect(await operation(1)).toMatchObject({ state: 'succeeded', progress: 1 });
      await world().driver.copyState(ref, 1);
      expect((await operation(1))?.state).not.toBe('running');
      expect(await folder()).toEqual({
        machine: 'ct-renew',
        generations: [1],
        hasStateDisk: true,
        copies: [{ generation: 1, isCurrent: true }],
      });
    });

    test('a disk that changed since makes its copy stale, and it is copied anew', async () => {
      await world().driver.updateLive(machine().ref, { cpus: null, diskMiB: null, stateDiskMiB: 96 });
      expect(await copies()).toEqual([{ generation: 1, isCurrent: false }]);
      await copied(1);
      expect(await copies()).toEqual([{ generation: 1, isCurrent: true }]);
    });

    test('starting the same generation again takes the copy away that it makes stale', async () => {
      await world().driver.start(machine().ref);
      await world().driver.powerOff(machine().ref);
      expect(await copies()).toEqual([]);
      await copied(1);
    });

    test('defined anew, the machine is the same one with another root disk', async () => {
      const before = await domain();
      const { disks, definition } = ofGeneration(2);
      await world().driver.prepareDisks(disks);
      await world().driver.prepareDisks(disks);
      const mark = { ...definition.mark, spec: { ...definition.mark.spec, memoryMiB: 208 } };
      await world().driver.define({ ...definition, mark });
      await world().driver.define({ ...definition, mark });
      const after = await domain();
      const moved = before.next.disks.map((disk) => ({ ...disk, path: disk.path.replace('/1/', '/2/') }));
      expect(after).toMatchObject({ uuid: before.uuid, mark, next: { ...before.next, memoryMiB: 208, disks: moved } });
      await runs();
      expect(await folder()).toMatchObject({ generations: [1, 2], hasStateDisk: true, copies: [{ generation: 1 }] });
    });

    test('a generation that is in use is not dropped', async () => {
      const { ref } = machine();
      await expect(world().driver.dropGeneration(ref, 2)).rejects.toMatchObject({ code: 'VirshFailed' });
      await world().driver.define(ofGeneration(1).definition);
      await expect(world().driver.dropGeneration(ref, 2)).rejects.toMatchObject({ code: 'VirshFailed' });
      await expect(world().driver.dropGeneration(ref, 1)).rejects.toMatchObject({ code: 'VirshFailed' });
      await world().driver.define(ofGeneration(2).definition);
      expect(await folder()).toMatchObject({ generations: [1, 2], hasStateDisk: true, copies: [{ generation: 1 }] });
    });

    test('going back puts the copy in the place of the state disk, and sets that aside', async () => {
      const { ref } = machine();
      await world().driver.powerOff(ref);
      await world().driver.restoreState(ref, 1);
      await world().driver.restoreState(ref, 1);
      await world().driver.define(ofGeneration(1).definition);
      expect(await folder()).toEqual({
        machine: 'ct-renew',
        generations: [1, 2],
        hasStateDisk: true,
        isSetAside: true,
      });
      await runs();
    });

    test('what failed is dropped under the running machine, also asked twice', async () => {
      await world().driver.dropGeneration(machine().ref, 2);
      await world().driver.dropGeneration(machine().ref, 2);
      expect(await folder()).toEqual({ machine: 'ct-renew', generations: [1], hasStateDisk: true });
      expect((await domain()).state).toBe('running');
    });

    test('without a copy there is no way back, and without a state disk no copy', async () => {
      const { ref } = machine();
      await world().driver.powerOff(ref);
      await expect(world().driver.restoreState(ref, 1)).rejects.toMatchObject({ code: 'StateDiskMissing' });
      expect((await folder())?.hasStateDisk).toBe(true);
      await world().driver.deleteMachine(ref, 'Delete');
      const bare = contractMachine(world(), 'ct-bare');
      const { mark } = bare.definition;
      const spec = { ...mark.spec, stateDiskMiB: null };
      await world().driver.prepareDisks({ ...bare.disks, stateDisk: null });
      await world().driver.define({ ...bare.definition, mark: { ...mark, spec }, stateDiskSerial: null });
      await expect(world().driver.copyState(bare.ref, 1)).rejects.toMatchObject({ code: 'StateDiskMissing' });
      await world().driver.dropGeneration(bare.ref, 7);
      await world().driver.deleteMachine(bare.ref, 'Delete');
    });
  });
}
