import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HypervisorEvent } from '../../src/drivers/hypervisor/hypervisor.ts';
import { hypervisorContract } from '../drivers/hypervisor/contract.ts';
import { contractMachine } from '../drivers/hypervisor/contract-machine.ts';
import { findDomain, readDomain, storeImage } from '../drivers/hypervisor/contract-world.ts';
import { type LibvirtWorld, startLibvirtWorld } from './hypervisor-world.ts';

hypervisorContract('libvirt', () => startLibvirtWorld('contract'));

const images = '/var/lib/libvirt/images/kreconcile';

describe('what only a real libvirt shows', () => {
  let world: LibvirtWorld;
  beforeAll(async () => {
    world = await startLibvirtWorld('real');
    await storeImage(world);
  });
  afterAll(async () => {
    await world?.dispose();
  });

  const made = async (name: string, firmware: 'bios' | 'efi' = 'bios') => {
    const machine = contractMachine(world, name);
    const { mark } = machine.definition;
    const definition = { ...machine.definition, mark: { ...mark, spec: { ...mark.spec, firmware } } };
    await world.driver.prepareDisks(machine.disks);
    await world.driver.define(definition);
    return { ...machine, definition };
  };

  test('forty more domains are read in the same two processes', async () => {
    for (let number = 0; number < 40; number++) await world.addForeign(`others-${number}`, 'unmarked');
    await world.driver.inventory();
    await world.process.takeStarted();
    expect((await world.driver.inventory()).domains.length).toBeGreaterThanOrEqual(40);
    expect(await world.process.takeStarted()).toEqual(['virsh', 'virsh']);
  });

  test('a mark of a hundred kilobytes comes back as it was', async () => {
    const { ref, definition } = await made('bulk');
    const config = { text: `'quoted' "twice" \\ ; $HOME \`x\` <a> & ü\n\t`.repeat(2_000) };
    const mark = { ...definition.mark, spec: { ...definition.mark.spec, kubernetes: { config } as never } };
    await world.driver.writeMark(ref, mark);
    expect((await readDomain(world.driver, ref.uuid)).mark).toEqual(mark);
    await world.driver.deleteMachine(ref, 'Delete');
  });

  test('a machine with UEFI, saved memory and a snapshot is deleted with all of it', async () => {
    const { ref } = await made('efi', 'efi');
    await world.driver.start(ref);
    await world.virsh('managedsave', ref.uuid);
    await world.virsh('snapshot-create-as', ref.uuid, 'kept', '--disk-only', '--diskspec', 'vdc,snapshot=no');
    expect(await readDomain(world.driver, ref.uuid)).toMatchObject({
      managedSave: true,
      state: 'shut off',
      stateReason: 'saved',
    });
    await world.driver.deleteMachine(ref, 'Retain');
    expect(await findDomain(world.driver, ref.uuid)).toBeUndefined();
    const left = await world.host.must([
      'find',
      '/var/lib/libvirt/qemu/nvram',
      '/var/lib/libvirt/qemu/save',
      '-type',
      'f',
    ]);
    expect(left).toBe('');
    const kept = await world.host.must(['find', `${images}/retained`, '-type', 'f', '-printf', '%f %m %u\n']);
    expect(kept.trim().split('\n').sort()).toEqual([
      expect.stringMatching(/^mark\.json 600 kreconcile$/),
      expect.stringMatching(/^state\.qcow2 600 /),
    ]);
  });

  test('a restarted libvirtd is noticed, its machines run on, and events come again', async () => {
    const { ref } = await made('steady');
    const events: HypervisorEvent[] = [];
    const watching = world.driver.watch((event) => events.push(event));
    const connected = () => events.filter((event) => event.kind === 'connected').length;
    await world.until('the watch is connected', () => connected() === 1);
    await world.driver.start(ref);
    await world.host.restartLibvirtd();
    await world.until('the watch is connected again', () => connected() === 2);
    expect(await readDomain(world.driver, ref.uuid)).toMatchObject({ state: 'running' });
    const before = events.length;
    await world.virsh('destroy', ref.uuid);
    await world.until('the stop is told', () =>
      events.slice(before).some((event) => event.kind === 'lifecycle' && event.machine === 'steady'),
    );
    watching.stop();
    expect(await readDomain(world.driver, ref.uuid)).toMatchObject({ state: 'shut off', stateReason: 'destroyed' });
    await world.driver.deleteMachine(ref, 'Delete');
  });

  test('a machine with UEFI keeps its variables under a new root disk', async () => {
    const { ref, definition, disks } = await made('vars', 'efi');
    await world.driver.start(ref);
    await world.driver.powerOff(ref);
    const variables = () =>
      world.host.must(['find', '/var/lib/libvirt/qemu/nvram', '-type', 'f', '-name', 'vars*', '-printf', '%i %p\n']);
    const before = await variables();
    expect(before.trim().split('\n')).toHaveLength(1);
    await world.driver.prepareDisks({ ...disks, generation: 2 });
    await world.driver.define({ ...definition, mark: { ...definition.mark, generation: 2 } });
    await world.driver.start(ref);
    expect(await variables()).toBe(before);
    const emulator = await world.host.must(['sh', '-c', "tr '\\0' '\\n' </proc/$(pgrep -f '[g]uest=vars')/cmdline"]);
    expect(emulator).toContain('/vars/2/root.qcow2');
    expect(emulator).not.toContain('/vars/1/');
    await world.driver.powerOff(ref);
    await world.driver.deleteMachine(ref, 'Delete');
  });

  test.each(['libvirt', 'root', 'libvirt-qemu'])(
    'a state disk as %s left it is copied, put back and grown',
    async (owner) => {
      const { ref } = await made('owned');
      const disk = `${images}/owned/state.qcow2`;
      const copy = `${images}/owned/state-1.qcow2`;
      const write = (pattern: number) => world.host.must(['qemu-io', '-c', `write -P ${pattern} 1M 8M`, disk]);
      const holds = async (pattern: number) => {
        const { stdout } = await world.host.run(['qemu-io', '-r', '-c', `read -P ${pattern} 1M 8M`, disk]);
        return stdout.includes('read 8388608') && !stdout.includes('verification failed');
      };
      const isCurrent = async () =>
        (await world.driver.inventory()).folders.some(
          (folder) => folder.machine === 'owned' && folder.copies?.some((found) => found.isCurrent),
        );
      await world.driver.start(ref);
      await world.driver.powerOff(ref);
      await write(7);
      if (owner !== 'libvirt') await world.host.must(['chown', `${owner}:root`, disk]);
      await world.driver.copyState(ref, 1);
      await world.until('the copy is made', isCurrent);
      await world.host.must(['cmp', disk, copy]);
      expect(await world.host.must(['stat', '-c', '%U %a', copy])).toBe('kreconcile 600\n');
      expect((await world.virsh('pool-list', '--all', '--name')).trim()).toBe('');
      await world.driver.updateLive(ref, { cpus: null, diskMiB: null, stateDiskMiB: 128 });
      expect(await world.host.must(['qemu-img', 'info', disk])).toContain('128 MiB');
      expect(await isCurrent()).toBe(false);
      await write(9);
      await world.driver.restoreState(ref, 1);
      expect([await holds(7), await holds(9)]).toEqual([true, false]);
      await world.driver.start(ref);
      await world.driver.powerOff(ref);
      await world.driver.deleteMachine(ref, 'Delete');
      expect(await world.host.must(['find', `${images}/owned`, '-maxdepth', '0']).catch(() => '')).toBe('');
    },
  );

  test('what stands in the images folder can be read by nobody else, and QEMU reaches it', async () => {
    const { ref } = await made('closed');
    await world.driver.start(ref);
    const files = await world.host.must(['find', `${images}/closed`, '-printf', '%y %m %f\n']);
    expect(files.trim().split('\n').sort()).toEqual([
      'd 711 1',
      'd 711 closed',
      'f 600 root.qcow2',
      'f 600 seed.iso',
      'f 600 state.qcow2',
    ]);
    const other = await world.host.run(['head', '-c1', `${images}/closed/1/seed.iso`], { user: 'nobody' });
    expect(other.exitCode).not.toBe(0);
    await world.driver.powerOff(ref);
    await world.driver.deleteMachine(ref, 'Delete');
  });

  test('the seed is what cloud-init looks for', async () => {
    const { ref } = await made('seeded');
    const seed = `${images}/seeded/1/seed.iso`;
    expect(await world.host.must(['blkid', '-o', 'export', '-p', seed])).toMatch(/^LABEL=cidata$/m);
    const names = await world.host.must(['xorriso', '-indev', seed, '-find', '/', '-type', 'f']);
    expect(names.match(/'\/[a-z-]+'/g)?.sort()).toEqual([`'/meta-data'`, `'/network-config'`, `'/user-data'`]);
    await world.driver.deleteMachine(ref, 'Delete');
  });

  test('a libvirtd that is down is unreachable, and an images folder that is not ours is told', async () => {
    const { ref } = await made('denied');
    await world.host.must(['chown', 'root', `${images}/denied`, `${images}/denied/1`]);
    const { disks } = contractMachine(world, 'denied');
    await expect(world.driver.prepareDisks(disks)).rejects.toMatchObject({ code: 'StoragePermission' });
    await world.host.must(['chown', 'kreconcile', `${images}/denied`, `${images}/denied/1`]);
    await world.driver.deleteMachine(ref, 'Delete');
    const daemon = (await world.host.must(['cat', '/run/libvirtd.pid'])).trim();
    await world.host.must(['kill', '-KILL', daemon]);
    await world.until('libvirtd is gone', async () => (await world.host.run(['kill', '-0', daemon])).exitCode !== 0);
    await expect(world.driver.inventory()).rejects.toMatchObject({ code: 'HypervisorUnreachable' });
    await expect(world.driver.start(ref)).rejects.toMatchObject({ code: 'HypervisorUnreachable' });
  });
});
