import { mkdir, readdir, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Hypervisor } from '../../../../src/drivers/hypervisor/hypervisor.ts';
import type { HostOperation } from '../../../../src/model/observed.ts';
import {
  type FakeLibvirt,
  type FakeSettings,
  placeImage,
  readText,
  startFakeLibvirt,
  toolFailure,
} from './fake-libvirt.ts';
import { definition, digest, disks, mark, ref } from './fake-machine.ts';
import { fakeVolumes } from './fake-volumes.ts';

let fake: FakeLibvirt;
const path = (...parts: readonly string[]) => join(fake.imagesFolder, ...parts);
const folder = (name: string) => path('dev-cp-1', name);
const names = () => readdir(path('dev-cp-1'));

let scene: { tool: FakeSettings['tool']; answer: FakeSettings['answer']; freeBytes: number | null };

/** A machine that ran in generation 1 and is off; its state disk says `first`. */
beforeEach(async () => {
  scene = { tool: undefined, answer: undefined, freeBytes: null };
  fake = await startFakeLibvirt({
    tool: (request) => scene.tool?.(request) ?? null,
    answer: (words) => scene.answer?.(words) ?? null,
    freeBytes: () => scene.freeBytes,
  });
  await placeImage(fake, digest);
  await fake.driver.prepareDisks(disks);
  await fake.driver.define(definition);
  await fake.driver.start(ref);
  await fake.driver.powerOff(ref);
  await writeFile(folder('state.qcow2'), 'first');
});
afterEach(() => fake.dispose());

async function copied(driver: Hypervisor = fake.driver, generation = 1): Promise<HostOperation> {
  await driver.copyState(ref, generation);
  return vi.waitUntil(
    async () => {
      const { operations } = await driver.inventory();
      return operations.find(({ id, state }) => id === `copy-state-dev-cp-1-${generation}` && state !== 'running');
    },
    { timeout: 20_000, interval: 5 },
  ) as Promise<HostOperation>;
}

/** Generation 2 runs, and has written to the state disk. */
async function leftForSecond(): Promise<void> {
  await copied();
  await fake.driver.prepareDisks({ ...disks, generation: 2 });
  await fake.driver.define({ ...definition, mark: mark({ generation: 2 }) });
  await fake.driver.start(ref);
  await fake.driver.powerOff(ref);
  await writeFile(folder('state.qcow2'), 'second');
}

const readFolder = async () => (await fake.driver.inventory()).folders[0];

describe('a copy of the state disk', () => {
  test('has its bytes, its time of last change, and is readable by its owner alone', async () => {
    await utimes(folder('state.qcow2'), 1_700_000_000.123, 1_700_000_000.123);
    expect(await copied()).toMatchObject({ state: 'succeeded', progress: 1, message: 'copied' });
    expect(await readText(folder('state-1.qcow2'))).toBe('first');
    const [disk, copy] = await Promise.all([stat(folder('state.qcow2')), stat(folder('state-1.qcow2'))]);
    expect(copy.mtimeMs).toBe(disk.mtimeMs);
    expect(copy.mode & 0o777).toBe(0o600);
    expect(await names()).toEqual(['1', 'state-1.qcow2', 'state.qcow2']);
  });

  test('is stale once the disk was written, and is then made anew', async () => {
    await copied();
    expect((await readFolder())?.copies).toEqual([{ generation: 1, isCurrent: true }]);
    await writeFile(folder('state.qcow2'), 'later');
    expect((await readFolder())?.copies).toEqual([{ generation: 1, isCurrent: false }]);
    await copied();
    expect(await readText(folder('state-1.qcow2'))).toBe('later');
  });

  test('is not made twice while it is current', async () => {
    await copied();
    const before = fake.virsh.requests.filter(({ program }) => program === 'cp').length;
    await fake.driver.copyState(ref, 1);
    await copied();
    expect(fake.virsh.requests.filter(({ program }) => program === 'cp')).toHaveLength(before);
  });

  test('interrupted anywhere has its name whole or not at all, and a second try makes it', async () => {
    for (let changes = 0; ; changes++) {
      expect(changes).toBeLessThan(20);
      const { state } = await copied(fake.dyingAfter(changes));
      const found = await readText(folder('state-1.qcow2'));
      expect(found).toBe(state === 'succeeded' ? 'first' : null);
      if (state === 'succeeded') break;
    }
    await writeFile(folder('state-1.qcow2.new'), 'half');
    await writeFile(folder('state.qcow2'), 'later');
    await copied();
    expect(await names()).toEqual(['1', 'state-1.qcow2', 'state.qcow2']);
    expect(await readText(folder('state-1.qcow2'))).toBe('later');
  });

  test.each(['it was written', 'the machine was started'])('is thrown away when %s meanwhile', async (what) => {
    const meanwhile = async () => {
      if (what === 'it was written') await writeFile(folder('state.qcow2'), 'other');
      else for (const domain of fake.domains.values()) domain.isRunning = true;
      return { exitCode: 0, stdout: '', stderr: '' };
    };
    scene.tool = ({ program }) => (program === 'touch' ? meanwhile() : null);
    expect(await copied()).toMatchObject({ state: 'failed', message: expect.stringContaining('VirshFailed') });
    expect(await names()).toEqual(['1', 'state.qcow2']);
  });

  test('shares its blocks where the file system can do that', async () => {
    const clone = async (target: string) => {
      await writeFile(target, 'cloned');
      return { exitCode: 0, stdout: '', stderr: '' };
    };
    scene.tool = ({ args }) => (args.includes('--reflink=always') ? clone(args.at(-1) ?? '') : null);
    expect(await copied()).toMatchObject({ state: 'succeeded' });
    expect(await readText(folder('state-1.qcow2'))).toBe('cloned');
  });

  test('without room for it is not begun, and says how much is missing', async () => {
    scene.freeBytes = 512 * 2 ** 20;
    expect(await copied()).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/^StorageFull: .*512 MiB/),
    });
    expect(fake.virsh.requests.filter(({ args }) => args.includes('--reflink=auto'))).toEqual([]);
    expect(await names()).toEqual(['1', 'state.qcow2']);
  });

  test('of a disk that belongs to root is read by libvirt, through a pool that stands no longer than that', async () => {
    const { pools, answer } = fakeVolumes();
    const denied = toolFailure("cp: cannot open 'state.qcow2': Permission denied");
    scene.answer = answer;
    scene.tool = ({ program }) => (program === 'cp' ? denied : null);
    expect(await copied()).toMatchObject({ state: 'succeeded' });
    expect(await readText(folder('state-1.qcow2'))).toBe('first');
    expect(pools.size).toBe(0);
  });

  test('is refused beside saved memory, and of a disk that the definition does not use', async () => {
    const [domain] = fake.domains.values();
    if (!domain) throw new Error('no domain');
    domain.isSaved = true;
    await expect(fake.driver.copyState(ref, 1)).rejects.toMatchObject({ message: expect.stringContaining('saved') });
    domain.isSaved = false;
    domain.xml = domain.xml.replace('dev-cp-1/state.qcow2', 'dev-cp-1/state.snapshot');
    await expect(fake.driver.copyState(ref, 1)).rejects.toMatchObject({ code: 'VirshFailed' });
  });
});

describe('starting', () => {
  test('takes away the copy that its own run makes stale, and no other', async () => {
    await copied(fake.driver, 1);
    await copied(fake.driver, 2);
    await fake.driver.start(ref);
    expect(await names()).toEqual(['1', 'state-2.qcow2', 'state.qcow2']);
  });
});

describe('going back', () => {
  test('interrupted anywhere loses neither state, and a second try ends it', async () => {
    for (let changes = 0; ; changes++) {
      expect(changes).toBeLessThan(10);
      await leftForSecond();
      const isDone = await fake
        .dyingAfter(changes)
        .restoreState(ref, 1)
        .then(() => true)
        .catch(() => false);
      const texts = await Promise.all(
        (await names()).filter((name) => name.endsWith('.qcow2')).map((name) => readText(folder(name))),
      );
      expect(texts.sort()).toEqual(['first', 'second']);
      await fake.driver.restoreState(ref, 1);
      await fake.driver.restoreState(ref, 1);
      expect(await names()).toEqual(['1', '2', 'state-failed.qcow2', 'state.qcow2']);
      expect(await readText(folder('state.qcow2'))).toBe('first');
      expect(await readText(folder('state-failed.qcow2'))).toBe('second');
      if (isDone) break;
      await fake.driver.define(definition);
      await fake.driver.dropGeneration(ref, 2);
    }
  });

  test('without a state disk takes the copy; without a copy leaves what was set aside to a person', async () => {
    await leftForSecond();
    await rename(folder('state.qcow2'), folder('state-failed.qcow2'));
    const before = await readFolder();
    expect(before).toMatchObject({
      hasStateDisk: false,
      isSetAside: true,
      copies: [{ generation: 1, isCurrent: false }],
    });
    await expect(fake.driver.restoreState(ref, 7)).rejects.toMatchObject({ code: 'StateDiskMissing' });
    await expect(fake.driver.prepareDisks(disks)).rejects.toMatchObject({ code: 'StateDiskMissing' });
    await expect(fake.driver.dropGeneration(ref, 1)).rejects.toMatchObject({ code: 'StateDiskMissing' });
    expect(await readFolder()).toEqual(before);
    await fake.driver.restoreState(ref, 1);
    expect(await readText(folder('state.qcow2'))).toBe('first');
  });
});

describe('dropping a generation', () => {
  test('interrupted anywhere is finished by asking again, and touches nothing else', async () => {
    await leftForSecond();
    await mkdir(folder('3'));
    await writeFile(folder('state-1.qcow2.new'), 'half');
    for (let changes = 0; ; changes++) {
      expect(changes).toBeLessThan(10);
      const isDone = await fake
        .dyingAfter(changes)
        .dropGeneration(ref, 1)
        .then(() => true)
        .catch(() => false);
      if (isDone) break;
    }
    expect(await names()).toEqual(['2', '3', 'state.qcow2']);
    expect(await readText(folder('state.qcow2'))).toBe('second');
  });

  test('is refused for the one that runs, also when the next boot is another', async () => {
    await leftForSecond();
    await fake.driver.start(ref);
    await fake.driver.define(definition);
    for (const generation of [1, 2]) {
      await expect(fake.driver.dropGeneration(ref, generation)).rejects.toMatchObject({ code: 'VirshFailed' });
    }
    expect(await names()).toEqual(['1', '2', 'state-1.qcow2', 'state.qcow2']);
  });
});
