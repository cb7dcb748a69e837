import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeLibvirt, placeImage, readText, startFakeLibvirt } from './fake-libvirt.ts';
import { definition, digest, disks, mark, ref } from './fake-machine.ts';

let fake: FakeLibvirt;
beforeEach(async () => {
  fake = await startFakeLibvirt();
  await placeImage(fake, digest);
  await fake.driver.prepareDisks(disks);
  await fake.driver.define(definition);
});
afterEach(() => fake.dispose());

const path = (...parts: readonly string[]) => join(fake.imagesFolder, ...parts);
const names = (...parts: readonly string[]) => readdir(path(...parts)).catch(() => []);

describe('deleting a machine', () => {
  test('keeps its state disk under its UUID and the time, with a copy of the mark', async () => {
    await fake.driver.deleteMachine(ref, 'Retain');
    const [kept = ''] = await names('retained');
    expect(kept).toBe(`${ref.uuid}-20261120T211500Z`);
    expect(JSON.parse((await readText(path('retained', kept, 'mark.json'))) ?? '')).toEqual(mark());
    expect(await names('retained', kept)).toContain('state.qcow2');
    expect(await names('dev-cp-1')).toEqual([]);
    expect(fake.domains.size).toBe(0);
  });

  test('with Delete leaves nothing but the image', async () => {
    await fake.driver.deleteMachine(ref, 'Delete');
    expect((await names()).filter((name) => !name.startsWith('sha256-'))).toEqual([]);
  });

  test('undefines last, with firmware variables, saved memory and snapshots', async () => {
    await fake.driver.deleteMachine(ref, 'Delete');
    expect(fake.virsh.commands.at(-1)).toEqual([
      'undefine',
      ref.uuid,
      '--managed-save',
      '--snapshots-metadata',
      '--checkpoints-metadata',
      '--nvram',
    ]);
  });

  test.each(['Retain', 'Delete'] as const)(
    'with %s, interrupted anywhere, is finished by asking again',
    async (policy) => {
      for (let changes = 0; fake.domains.size > 0; changes++) {
        expect(changes).toBeLessThan(30);
        await fake
          .dyingAfter(changes)
          .deleteMachine(ref, policy)
          .catch(() => undefined);
      }
      await fake.driver.deleteMachine(ref, policy);
      expect(await names('dev-cp-1')).toEqual([]);
      const kept = await names('retained');
      expect(kept).toHaveLength(policy === 'Retain' ? 1 : 0);
      if (policy === 'Retain') expect(await names('retained', kept[0] ?? '')).toEqual(['mark.json', 'state.qcow2']);
    },
  );

  test.each([
    { found: ['state.qcow2', 'state-1.qcow2'], kept: { 'state.qcow2': 'state.qcow2' } },
    {
      found: ['state.qcow2', 'state-failed.qcow2', 'state-3.qcow2.new'],
      kept: { 'state.qcow2': 'state.qcow2', 'state-failed.qcow2': 'state-failed.qcow2' },
    },
    {
      found: ['state-1.qcow2', 'state-2.qcow2', 'state-failed.qcow2'],
      kept: { 'state.qcow2': 'state-2.qcow2', 'state-failed.qcow2': 'state-failed.qcow2' },
    },
    { found: ['state-failed.qcow2'], kept: { 'state.qcow2': 'state-failed.qcow2' } },
    { found: ['state-10.qcow2', 'state-9.qcow2'], kept: { 'state.qcow2': 'state-10.qcow2' } },
  ])('of $found, interrupted anywhere, retains no less than the last state there is', async ({ found, kept }) => {
    for (let changes = 0; ; changes++) {
      expect(changes).toBeLessThan(30);
      await rm(path('retained'), { recursive: true, force: true });
      await rm(path('dev-cp-1/state.qcow2'), { force: true });
      await fake.driver.prepareDisks({ ...disks, stateDisk: null });
      await fake.driver.define(definition);
      for (const name of found) await writeFile(path('dev-cp-1', name), name);
      await fake
        .dyingAfter(changes)
        .deleteMachine(ref, 'Retain')
        .catch(() => undefined);
      const isDone = fake.domains.size === 0;
      await fake.driver.deleteMachine(ref, 'Retain');
      expect(await names('dev-cp-1')).toEqual([]);
      const [folder = '', ...others] = await names('retained');
      expect(others).toEqual([]);
      const texts = (await names('retained', folder)).filter((name) => name !== 'mark.json');
      const read = await Promise.all(texts.map(async (name) => [name, await readText(path('retained', folder, name))]));
      expect(Object.fromEntries(read)).toEqual(kept);
      if (isDone) break;
    }
  });

  test('with Delete takes copies and what was set aside too', async () => {
    for (const name of ['state-1.qcow2', 'state-failed.qcow2']) await writeFile(path('dev-cp-1', name), name);
    await fake.driver.deleteMachine(ref, 'Delete');
    expect(await names('dev-cp-1')).toEqual([]);
    expect(await names('retained')).toEqual([]);
  });

  test('takes every generation, and leaves what is not ours in the folder', async () => {
    await mkdir(path('dev-cp-1/2'));
    await writeFile(path('dev-cp-1/2/root.qcow2'), '');
    await writeFile(path('dev-cp-1/notes.txt'), 'mine');
    await fake.driver.deleteMachine(ref, 'Delete');
    expect(await names('dev-cp-1')).toEqual(['notes.txt']);
    expect(fake.domains.size).toBe(0);
  });

  test('does not follow a link that stands in the place of its folder', async () => {
    await mkdir(path('elsewhere/1'), { recursive: true });
    await fake.driver.deleteMachine(ref, 'Delete');
    await fake.driver.define(definition);
    await fake.driver.powerOff(ref);
    await rm(path('dev-cp-1'), { recursive: true, force: true });
    await symlink(path('elsewhere'), path('dev-cp-1'));
    await expect(fake.driver.deleteMachine(ref, 'Delete')).rejects.toMatchObject({ code: 'DomainConflict' });
    expect(await names('elsewhere')).toEqual(['1']);
    expect(fake.domains.size).toBe(1);
  });

  test('of a running machine is refused and changes nothing', async () => {
    await fake.driver.start(ref);
    const before = await names('dev-cp-1', '1');
    await expect(fake.driver.deleteMachine(ref, 'Delete')).rejects.toMatchObject({ code: 'VirshFailed' });
    expect(await names('dev-cp-1', '1')).toEqual(before);
  });

  test('of a domain that is gone leaves the disks: nothing says any more that they may go', async () => {
    fake.domains.clear();
    await fake.driver.deleteMachine(ref, 'Delete');
    expect(await names('dev-cp-1')).toEqual(['1', 'state.qcow2']);
  });
});
