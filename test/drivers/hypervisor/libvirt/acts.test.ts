import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KreError } from '../../../../src/model/error.ts';
import { VirshComplaint } from '../../../virsh/fake-virsh.ts';
import { type FakeLibvirt, placeImage, readText, startFakeLibvirt, toolFailure } from './fake-libvirt.ts';
import { definition, digest, disks, mark, ref } from './fake-machine.ts';
import { fakeVolumes } from './fake-volumes.ts';

let fake: FakeLibvirt;
let answers: (words: readonly string[]) => string | null;
beforeEach(async () => {
  answers = () => null;
  fake = await startFakeLibvirt({ answer: (words) => answers(words) });
  await placeImage(fake, digest);
});
afterEach(() => fake.dispose());

const path = (...parts: readonly string[]) => join(fake.imagesFolder, ...parts);
const mode = async (file: string) => (await stat(file)).mode & 0o777;
const verbs = () => fake.virsh.commands.map(([verb]) => verb);

describe('disks', () => {
  test('stand where the design says, closed to others, and QEMU can pass through the folders', async () => {
    await fake.driver.prepareDisks(disks);
    const folder = path('dev-cp-1');
    expect(await mode(folder)).toBe(0o711);
    expect(await mode(join(folder, '1'))).toBe(0o711);
    for (const file of ['1/root.qcow2', '1/seed.iso', 'state.qcow2'])
      expect(await mode(join(folder, file))).toBe(0o600);
    expect(JSON.parse((await readText(join(folder, '1/root.qcow2'))) ?? '')).toMatchObject({
      'backing-filename': path(`sha256-${'a'.repeat(64)}.qcow2`),
      'virtual-size': 40_960 * 2 ** 20,
    });
    const programs = fake.virsh.requests.map(({ program, args }) => [program, ...args].join(' '));
    expect(programs.find((text) => text.includes('qemu-img create') && text.includes('root'))).toContain('-F qcow2');
  });

  test('what was prepared and never started is made anew, but its state disk stays', async () => {
    await fake.driver.prepareDisks(disks);
    await fake.driver.prepareDisks({
      ...disks,
      diskMiB: 50_000,
      stateDisk: { sizeMiB: 1, serial: 'state-1' },
      seed: { ...disks.seed, userData: '#new\n' },
    });
    expect(await readText(path('dev-cp-1/1/root.qcow2'))).toContain(String(50_000 * 2 ** 20));
    expect(await readText(path('dev-cp-1/1/seed.iso'))).toBe('#new\n');
    expect(await readText(path('dev-cp-1/state.qcow2'))).toContain(String(20_480 * 2 ** 20));
  });

  test('what was started once is never made anew', async () => {
    await fake.driver.prepareDisks(disks);
    await fake.driver.define(definition);
    await fake.driver.start(ref);
    await fake.driver.powerOff(ref);
    fake.domains.clear();
    await fake.driver.prepareDisks({ ...disks, diskMiB: 50_000, seed: { ...disks.seed, userData: '#new\n' } });
    expect(await readText(path('dev-cp-1/1/root.qcow2'))).toContain(String(40_960 * 2 ** 20));
    expect(await readText(path('dev-cp-1/1/seed.iso'))).toBe(disks.seed.userData);
  });

  test('interrupted anywhere, a second try makes them, and they count as never started', async () => {
    let changes = 0;
    for (; changes < 40; changes++) {
      const done = await fake
        .dyingAfter(changes)
        .prepareDisks(disks)
        .then(
          () => true,
          () => false,
        );
      const { folders } = await fake.driver.inventory();
      expect(folders.flatMap((folder) => folder.generations)).toEqual([]);
      if (done) break;
    }
    expect(changes).toBeGreaterThan(8);
    expect((await fake.driver.inventory()).folders).toEqual([
      {
        machine: 'dev-cp-1',
        generations: [],
        hasStateDisk: true,
        useMiB: { root: 1, state: 1 },
        unmade: { owner: 'here', uuid: ref.uuid },
      },
    ]);
    expect(await readText(path('dev-cp-1/1/seed.iso'))).toBe(disks.seed.userData);
    expect(await readText(path('dev-cp-1/1/seed.iso.files/user-data'))).toBeNull();
  });

  test('smaller than their image are refused', async () => {
    await expect(fake.driver.prepareDisks({ ...disks, diskMiB: 30 })).rejects.toMatchObject({
      code: 'ManifestInvalid',
      message: expect.stringContaining('40 MiB'),
    });
  });

  test('a new seed replaces the old one whole and leaves no text lying about', async () => {
    await fake.driver.prepareDisks(disks);
    await fake.driver.define(definition);
    await fake.driver.replaceSeed(ref, 1, { ...disks.seed, userData: '#without secrets\n' });
    expect(await readText(path('dev-cp-1/1/seed.iso'))).toBe('#without secrets\n');
    expect(await readText(path('dev-cp-1/1/seed.iso.files/user-data'))).toBeNull();
    const args = fake.virsh.requests.flatMap((request) => request.args).join(' ');
    expect(args).not.toContain('without secrets');
  });
});

describe('definitions', () => {
  test('are checked by libvirt and leave no file behind', async () => {
    await fake.driver.define(definition);
    expect(fake.virsh.commands.find(([verb]) => verb === 'define')).toContain('--validate');
    expect(await readText(path('dev-cp-1/.definition.xml'))).toBeNull();
    expect(fake.domains.get(ref.uuid)?.name).toBe('dev-cp-1');
  });

  test('keep the machine type of the first one', async () => {
    await fake.driver.define(definition);
    await fake.driver.define({ ...definition, mark: mark({}, { memoryMiB: 8192 }) });
    expect(fake.domains.get(ref.uuid)?.xml).toContain('machine="pc-q35-7.2"');
  });

  test('are refused without KVM where emulation is not allowed', async () => {
    await fake.dispose();
    fake = await startFakeLibvirt({ allowEmulation: false });
    await expect(fake.driver.define(definition)).rejects.toMatchObject({ code: 'EmulationRefused' });
    expect(fake.domains.size).toBe(0);
  });

  test('with the mark of another owner or machine are a defect', async () => {
    await expect(fake.driver.define({ ...definition, mark: mark({ owner: 'x' }) })).rejects.toMatchObject({
      code: 'Internal',
    });
    await expect(fake.driver.define({ ...definition, mark: mark({ machine: 'x' }) })).rejects.toMatchObject({
      code: 'Internal',
    });
  });
});

describe('acts', () => {
  beforeEach(() => fake.driver.define(definition));

  test('marks go by standard input, so that what is in them stands in no list of processes', async () => {
    await fake.driver.writeMark(ref, mark({ revision: 'telltale' }));
    const args = fake.virsh.requests.flatMap((request) => request.args).join(' ');
    expect(args).not.toContain('telltale');
    expect(fake.virsh.commands.at(-1)).toContain('--config');
    expect(fake.virsh.commands.at(-1)).not.toContain('--live');
  });

  test('on what already is as asked run no command that changes anything', async () => {
    await fake.driver.powerOff(ref);
    await fake.driver.shutdown(ref, 'agent');
    await fake.driver.resume(ref);
    await fake.driver.reset(ref);
    await fake.driver.start(ref);
    await fake.driver.start(ref);
    expect(verbs().filter((verb) => ['start', 'destroy', 'shutdown', 'reset', 'resume'].includes(verb ?? ''))).toEqual([
      'start',
    ]);
  });

  test('a running machine is reset by its UUID', async () => {
    fake.domains.get(ref.uuid)!.isRunning = true;
    await fake.driver.reset(ref);
    expect(fake.virsh.commands.at(-1)).toEqual(['reset', ref.uuid]);
    expect(fake.domains.get(ref.uuid)!.isRunning).toBe(true);
  });

  test('an agent that does not answer the shutdown is for the next pass to see', async () => {
    fake.domains.get(ref.uuid)!.isRunning = true;
    answers = ([verb]) => {
      if (verb !== 'shutdown') return null;
      throw new KreError({ code: 'ExecTimeout', message: 'virsh', hint: '', disposition: 'retry' });
    };
    await expect(fake.driver.shutdown(ref, 'agent')).resolves.toBeUndefined();
  });

  test('a guest without agent cannot be asked through it, and libvirt says why', async () => {
    fake.domains.get(ref.uuid)!.isRunning = true;
    answers = ([verb]) => {
      if (verb !== 'shutdown') return null;
      throw new VirshComplaint('Guest agent is not responding: QEMU guest agent is not connected');
    };
    await expect(fake.driver.shutdown(ref, 'agent')).rejects.toMatchObject({
      code: 'VirshFailed',
      message: expect.stringContaining('agent is not connected'),
    });
  });

  test('on a domain that is gone say so', async () => {
    fake.domains.clear();
    await expect(fake.driver.start(ref)).rejects.toMatchObject({ code: 'NotFound' });
  });

  test('on a domain that somebody renamed are a conflict', async () => {
    const domain = fake.domains.get(ref.uuid)!;
    domain.name = 'mine-now';
    domain.xml = domain.xml.replace('<name>dev-cp-1<', '<name>mine-now<');
    await expect(fake.driver.powerOff(ref)).rejects.toMatchObject({ code: 'DomainConflict' });
  });

  test('never lower vCPUs, and do not go beyond the boot maximum', async () => {
    fake.domains.get(ref.uuid)!.isRunning = true;
    await fake.driver.updateLive(ref, { cpus: 1, diskMiB: null, stateDiskMiB: null });
    expect(verbs()).not.toContain('setvcpus');
    await fake.driver.updateLive(ref, { cpus: 4, diskMiB: null, stateDiskMiB: null });
    expect(fake.virsh.commands.filter(([verb]) => verb === 'setvcpus').map((words) => words.slice(2))).toEqual([
      ['4', '--live'],
      ['4', '--config'],
    ]);
    await expect(fake.driver.updateLive(ref, { cpus: 5, diskMiB: null, stateDiskMiB: null })).rejects.toMatchObject({
      code: 'VirshFailed',
      disposition: 'stalled',
    });
  });

  test('grow a disk that belongs to root by way of libvirt, and leave a larger one alone', async () => {
    await fake.dispose();
    const { pools, answer } = fakeVolumes();
    const isOfRoot = (args: readonly string[]) => args.some((word) => /\/(root|state)\.qcow2$/.test(word));
    fake = await startFakeLibvirt({
      answer,
      tool: ({ program, args }) =>
        program === 'qemu-img' && isOfRoot(args)
          ? toolFailure("Could not open 'state.qcow2': Permission denied")
          : null,
    });
    await placeImage(fake, digest);
    await fake.driver.prepareDisks(disks);
    await fake.driver.define(definition);
    await fake.driver.updateLive(ref, { cpus: null, diskMiB: 50_000, stateDiskMiB: 10_000 });
    const sizeMiB = async (file: string) =>
      JSON.parse((await readText(path('dev-cp-1', file))) ?? '')['virtual-size'] / 2 ** 20;
    expect([await sizeMiB('1/root.qcow2'), await sizeMiB('state.qcow2')]).toEqual([50_000, 20_480]);
    expect(pools.size).toBe(0);
  });

  test('grow a running disk, and leave a larger one alone', async () => {
    fake.domains.get(ref.uuid)!.isRunning = true;
    answers = ([verb]) => (verb === 'domblkinfo' ? 'Capacity:       42949672960\nAllocation:     196616' : null);
    await fake.driver.updateLive(ref, { cpus: null, diskMiB: 40_960, stateDiskMiB: 50_000 });
    expect(fake.virsh.commands.filter(([verb]) => verb === 'blockresize')).toEqual([
      ['blockresize', ref.uuid, path('dev-cp-1/state.qcow2'), '50000MiB'],
    ]);
  });
});

describe('addresses', () => {
  const updates = () => fake.virsh.commands.filter(([verb]) => verb === 'net-update').map((words) => words.slice(1));
  const mac = '52:54:00:12:34:56';

  test('that stand already change nothing', async () => {
    await fake.driver.reserveAddress('default', { machine: 'dev-cp-1', mac, address: '192.168.122.41' });
    expect(updates()).toEqual([]);
  });

  test('of our MAC move to where it should be, live and for good', async () => {
    await fake.driver.reserveAddress('default', { machine: 'dev-cp-1', mac, address: '192.168.122.50' });
    expect(updates().map(([, verb, , xml, flag]) => [verb, xml, flag])).toEqual(
      ['--live', '--config'].flatMap((flag) => [
        ['delete', `<host mac="${mac}" ip="192.168.122.41"/>`, flag],
        ['add-last', `<host mac="${mac}" name="dev-cp-1" ip="192.168.122.50"/>`, flag],
      ]),
    );
  });

  test('of another machine are a conflict that names it', async () => {
    const entry = { machine: 'x', mac: '52:54:00:00:00:01', address: '192.168.122.41' };
    await expect(fake.driver.reserveAddress('default', entry)).rejects.toMatchObject({
      code: 'DomainConflict',
      message: expect.stringContaining('dev-cp-1'),
    });
    await fake.driver.releaseAddress('default', entry);
    expect(updates()).toEqual([]);
  });
});
