import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeLibvirt, placeImage, startFakeLibvirt } from './fake-libvirt.ts';
import { definition, digest, disks, ref } from './fake-machine.ts';

let fake: FakeLibvirt;
beforeEach(async () => {
  fake = await startFakeLibvirt();
  await placeImage(fake, digest);
});
afterEach(() => fake.dispose());

const path = (...parts: readonly string[]) => join(fake.imagesFolder, ...parts);
const names = (...parts: readonly string[]): Promise<readonly string[]> => readdir(path(...parts)).catch(() => []);
const unmade = async () =>
  (await fake.driver.inventory()).folders.find(({ machine }) => machine === ref.name)?.unmade ?? null;

describe('a folder says for whom it was made', () => {
  test('from before its first disk until the machine has a domain', async () => {
    for (let changes = 0; ; changes++) {
      expect(changes).toBeLessThan(30);
      const died = await fake
        .dyingAfter(changes)
        .prepareDisks(disks)
        .then(
          () => false,
          () => true,
        );
      if ((await names('dev-cp-1')).length > 0) expect(await unmade()).toEqual({ owner: 'here', uuid: ref.uuid });
      if (!died) break;
      await rm(path('dev-cp-1'), { recursive: true, force: true });
    }
    await fake.driver.define(definition);
    expect(await unmade()).toBeNull();
    expect(await names('dev-cp-1')).toEqual(['1', 'state.qcow2']);
  });

  test('and not where a domain has it', async () => {
    await fake.driver.prepareDisks(disks);
    await fake.driver.define(definition);
    await fake.driver.prepareDisks({ ...disks, generation: 2 });
    expect(await unmade()).toBeNull();
  });
});

describe('discarding what was prepared', () => {
  test('leaves nothing of it, interrupted anywhere too', async () => {
    for (let changes = 0; ; changes++) {
      expect(changes).toBeLessThan(30);
      await fake.driver.prepareDisks(disks);
      await fake
        .dyingAfter(changes)
        .discardDisks(ref)
        .catch(() => undefined);
      const isDone = !(await names()).includes('dev-cp-1');
      await fake.driver.discardDisks(ref);
      expect(await names()).not.toContain('dev-cp-1');
      if (isDone) break;
    }
  });

  test('is refused where the domain exists, and for another machine', async () => {
    await fake.driver.prepareDisks(disks);
    const other = { ...ref, uuid: '0b9e1c9e-54d4-5f47-8a3c-3c7a2f4c1d12' };
    await expect(fake.driver.discardDisks(other)).rejects.toMatchObject({ code: 'VirshFailed' });
    await fake.driver.define(definition);
    await expect(fake.driver.discardDisks(ref)).rejects.toMatchObject({ code: 'VirshFailed' });
    expect(await names('dev-cp-1')).toEqual(['1', 'state.qcow2']);
  });

  test('leaves a folder that does not say whose it is, as one of an earlier release', async () => {
    await fake.driver.prepareDisks(disks);
    await rm(path('dev-cp-1/unmade.json'));
    await fake.driver.discardDisks(ref);
    expect(await names('dev-cp-1')).toEqual(['1', 'state.qcow2']);
  });

  test('leaves a root disk that ran, its state disk, and what is not ours', async () => {
    await fake.driver.prepareDisks(disks);
    await fake.driver.define(definition);
    await fake.driver.start(ref);
    fake.domains.clear();
    await fake.driver.prepareDisks({ ...disks, generation: 2 });
    await writeFile(path('dev-cp-1/notes.txt'), 'mine');
    await fake.driver.discardDisks(ref);
    expect(await names('dev-cp-1')).toEqual(['1', 'notes.txt', 'state.qcow2']);
    expect(await names('dev-cp-1', '1')).toEqual(['root.qcow2', 'seed.iso']);
  });

  test.each([
    [
      'was there before',
      async () => {
        await mkdir(path('dev-cp-1'));
        await writeFile(path('dev-cp-1/state.qcow2'), 'data');
        await fake.driver.prepareDisks(disks);
      },
    ],
    [
      'was put in the place of the blank one',
      async () => {
        await fake.driver.prepareDisks(disks);
        await writeFile(path('other'), 'data of old');
        await rename(path('other'), path('dev-cp-1/state.qcow2'));
      },
    ],
  ])('leaves a state disk that %s', async (_, prepare) => {
    await prepare();
    await fake.driver.discardDisks(ref);
    expect(await names('dev-cp-1')).toEqual(['state.qcow2']);
  });
});
