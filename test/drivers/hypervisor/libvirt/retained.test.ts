import { readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeLibvirt, placeImage, readText, startFakeLibvirt } from './fake-libvirt.ts';
import { definition, digest, disks, mark, ref } from './fake-machine.ts';

const name = `${ref.uuid}-20261120T211500Z`;
let fake: FakeLibvirt;
beforeEach(async () => {
  fake = await startFakeLibvirt();
  await placeImage(fake, digest);
  await remade();
});
afterEach(() => fake.dispose());

const path = (...parts: readonly string[]) => join(fake.imagesFolder, ...parts);
const names = (...parts: readonly string[]) => readdir(path(...parts)).catch(() => []);
const retained = async () => (await fake.driver.inventory()).retained ?? [];

/** A machine with data that was deleted, its state disk retained. */
async function remade(): Promise<void> {
  await rm(path('retained'), { recursive: true, force: true });
  await rm(path('dev-cp-1'), { recursive: true, force: true });
  await fake.driver.prepareDisks(disks);
  await fake.driver.define(definition);
  await writeFile(path('dev-cp-1/state.qcow2'), 'data');
  await fake.driver.deleteMachine(ref, 'Retain');
}

describe('a retained state disk', () => {
  test('is told with whose it is, since when and what it was; what says none of that is not', async () => {
    expect(await retained()).toEqual([
      { name, uuid: ref.uuid, machine: 'dev-cp-1', atMs: Date.UTC(2026, 10, 20, 21, 15), mark: mark() },
    ]);
    await writeFile(path('retained', name, 'mark.json'), '{}');
    expect(await retained()).toEqual([]);
  });

  test("goes back into its machine's folder, and leaves nothing behind", async () => {
    await fake.driver.adoptRetained(ref, name);
    expect(await readText(path('dev-cp-1/state.qcow2'))).toBe('data');
    expect(await names('retained')).toEqual([]);
  });

  test('interrupted anywhere, is back when it is asked for again', async () => {
    for (let changes = 0; ; changes++) {
      expect(changes).toBeLessThan(20);
      await remade();
      let isDone = true;
      await fake
        .dyingAfter(changes)
        .adoptRetained(ref, name)
        .catch(() => {
          isDone = false;
        });
      await fake.driver.adoptRetained(ref, name);
      expect(await readText(path('dev-cp-1/state.qcow2'))).toBe('data');
      expect(await names('retained')).toEqual([]);
      if (isDone) break;
    }
  });

  test('leaves one that had failed where no later deletion overwrites it', async () => {
    await writeFile(path('retained', name, 'state-failed.qcow2'), 'failed');
    await fake.driver.adoptRetained(ref, name);
    expect(await names('retained')).toEqual([`failed-${name}`]);
    expect(await readText(path('retained', `failed-${name}`, 'state-failed.qcow2'))).toBe('failed');
    await fake.driver.prepareDisks(disks);
    await fake.driver.define(definition);
    await fake.driver.deleteMachine(ref, 'Retain');
    expect(await names('retained')).toEqual([name, `failed-${name}`]);
  });

  test.each(['../dev-cp-1', `${ref.uuid}-x/../..`, 'other'])('is not looked for elsewhere: %s', async (other) => {
    await expect(fake.driver.adoptRetained(ref, other)).rejects.toMatchObject({ code: 'VirshFailed' });
  });

  test('is no link', async () => {
    await rm(path('retained', name, 'state.qcow2'));
    await symlink('/etc/hostname', path('retained', name, 'state.qcow2'));
    expect(await retained()).toEqual([]);
    await expect(fake.driver.adoptRetained(ref, name)).rejects.toMatchObject({ code: 'VirshFailed' });
    expect(await names('dev-cp-1')).toEqual([]);
  });
});
