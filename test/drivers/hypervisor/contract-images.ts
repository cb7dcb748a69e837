import { describe, expect, test } from 'vitest';
import { contractMachine } from './contract-machine.ts';
import { fetchOperation, type HypervisorWorld, storeImage } from './contract-world.ts';

/** Host facts and the image store. Leaves the world's image in the store. */
export function imageContract(world: () => HypervisorWorld): void {
  describe('host and images', () => {
    test('the host tells its size, and why there is no KVM', async () => {
      const { host } = await world().driver.inventory();
      expect(host.cpus).toBeGreaterThan(0);
      expect(host.memoryMiB).toBeGreaterThan(0);
      expect(host.freeDiskMiB).toBeGreaterThan(0);
      expect(host.arch).not.toBe('');
      expect(host.hypervisorVersion).not.toBe('');
      expect(host.accelerationReason === '').toBe(host.acceleration === 'kvm');
    });

    test('disks cannot be made of an image that is not in the store', async () => {
      const machine = contractMachine(world(), 'ct-early');
      await expect(world().driver.prepareDisks(machine.disks)).rejects.toMatchObject({ code: 'ImageDownload' });
      const { folders } = await world().driver.inventory();
      expect(folders.filter((folder) => folder.machine === 'ct-early' && folder.generations.length > 0)).toEqual([]);
    });

    test('an image is fetched once, in the background, and is then in the store', async () => {
      const { driver, image } = world();
      await Promise.all([driver.fetchImage(image), driver.fetchImage(image)]);
      const { operations, images } = await driver.inventory();
      const shown = operations.filter((operation) => operation.id === `fetch-image-${image.digest}`);
      expect(shown.length + images.length).toBeGreaterThanOrEqual(1);
      expect(shown.length).toBeLessThanOrEqual(1);
      await storeImage(world());
      const stored = (await driver.inventory()).images.filter((found) => found.digest === image.digest);
      expect(stored).toMatchObject([{ digest: image.digest, format: image.format }]);
      expect(stored[0]?.virtualSizeMiB).toBeGreaterThan(0);
    });

    test('fetching what is stored starts nothing', async () => {
      const { driver, image } = world();
      await driver.fetchImage(image);
      const inventory = await driver.inventory();
      expect(fetchOperation(inventory, image)?.state).not.toBe('running');
      expect(inventory.images.filter((found) => found.digest === image.digest)).toHaveLength(1);
    });

    test.each(['missingImage', 'forgedImage'] as const)(
      'a %s fails with its reason and is not stored',
      async (kind) => {
        const { driver, until } = world();
        const image = world()[kind];
        await driver.fetchImage(image);
        await until(
          'the fetch has failed',
          async () => fetchOperation(await driver.inventory(), image)?.state === 'failed',
        );
        const inventory = await driver.inventory();
        const operation = fetchOperation(inventory, image);
        expect(operation?.message).not.toBe('');
        expect(operation?.endedAtMs).not.toBeNull();
        expect(inventory.images.map((found) => found.digest)).not.toContain(image.digest);
      },
    );

    test('a failed fetch may be asked for again', async () => {
      const { driver, missingImage, until } = world();
      await driver.fetchImage(missingImage);
      await until(
        'it has failed again',
        async () => fetchOperation(await driver.inventory(), missingImage)?.state === 'failed',
      );
      expect((await driver.inventory()).operations.filter((operation) => operation.state === 'running')).toEqual([]);
    });
  });
}
