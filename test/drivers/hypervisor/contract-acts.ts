import { describe, expect, test } from 'vitest';
import type { HypervisorEvent } from '../../../src/drivers/hypervisor/hypervisor.ts';
import { contractMachine, contractSeed } from './contract-machine.ts';
import { findFolder, type HypervisorWorld, readDomain } from './contract-world.ts';

/** One machine's life, each act asked for twice; the tests build on each other. */
export function actsContract(world: () => HypervisorWorld): void {
  describe('a machine from disks to power off', () => {
    const machine = () => contractMachine(world(), 'ct-life');
    const domain = () => readDomain(world().driver, machine().ref.uuid);
    const reaches = (state: string) =>
      world().until(`the domain is ${state}`, async () => (await domain()).state === state);

    test('disks stand in their folders before there is a domain', async () => {
      await world().driver.prepareDisks(machine().disks);
      await world().driver.prepareDisks(machine().disks);
      const { domains } = await world().driver.inventory();
      const folder = await findFolder(world().driver, 'ct-life');
      expect(folder).toEqual({
        machine: 'ct-life',
        generations: [],
        hasStateDisk: true,
        unmade: { owner: world().owner, uuid: machine().ref.uuid },
      });
      expect(domains.map((found) => found.name)).not.toContain('ct-life');
    });

    test('a defined machine is off, ours, and shaped as its mark says', async () => {
      await world().driver.define(machine().definition);
      const found = await domain();
      const { mark } = machine().definition;
      expect(found).toMatchObject({ name: 'ct-life', state: 'shut off', persistent: true, live: null, mark });
      expect(found.next.cpus).toBe(mark.spec.cpus);
      expect(found.next.maxCpus).toBeGreaterThanOrEqual(mark.spec.cpus);
      expect(found.next.memoryMiB).toBe(mark.spec.memoryMiB);
      expect(found.next.disks).toHaveLength(3);
      expect(found.next.disks.map((disk) => disk.serial)).toContain(machine().definition.stateDiskSerial);
      expect(found.next.interfaces).toEqual([{ mac: machine().mac, kind: 'network', source: world().network }]);
      const { host } = await world().driver.inventory();
      expect(found.next.acceleration).toBe(host.acceleration);
    });

    test('defining again keeps what libvirt chose and takes what changed', async () => {
      const before = await domain();
      await world().driver.define(machine().definition);
      expect((await domain()).next).toEqual(before.next);
      const { definition } = machine();
      const mark = { ...definition.mark, spec: { ...definition.mark.spec, memoryMiB: 224 } };
      await world().driver.define({ ...definition, mark });
      const after = await domain();
      expect(after.next).toEqual({ ...before.next, memoryMiB: 224 });
      expect(after.mark).toEqual(mark);
    });

    test('autostart is set and taken back', async () => {
      for (const on of [true, true, false, true]) {
        await world().driver.setAutostart(machine().ref, on);
        expect((await domain()).autostart).toBe(on);
      }
    });

    test('started, it runs, tells so, and its agent connects', async () => {
      const events: HypervisorEvent[] = [];
      const watching = world().driver.watch((event) => events.push(event));
      await world().until('the watch is connected', () => events.some((event) => event.kind === 'connected'));
      await world().driver.start(machine().ref);
      await world().driver.start(machine().ref);
      await reaches('running');
      await world().until('an event names the machine', () =>
        events.some((event) => event.kind === 'lifecycle' && event.machine === 'ct-life'),
      );
      await world().until('the agent is connected', async () => (await domain()).agent === 'connected');
      await world().until('an event tells that the agent connected', () =>
        events.some((event) => event.kind === 'agent-connected' && event.machine === 'ct-life'),
      );
      watching.stop();
      const { live, next } = await domain();
      expect(live).toEqual(next);
    });

    test('a running machine takes a new definition for its next boot only', async () => {
      const { definition } = machine();
      await world().driver.define(definition);
      const { live, next } = await domain();
      expect(live?.memoryMiB).toBe(224);
      expect(next.memoryMiB).toBe(192);
    });

    test('the mark is replaced while it runs, for now and for the next boot', async () => {
      const mark = { ...machine().definition.mark, provenAtMs: 1_700_000_000_000, revision: 'fedcba' };
      await world().driver.writeMark(machine().ref, mark);
      await world().driver.writeMark(machine().ref, mark);
      expect((await domain()).mark).toEqual(mark);
    });

    test('the seed is replaced under the running machine and stays attached', async () => {
      const before = await domain();
      await world().driver.replaceSeed(machine().ref, 1, contractSeed('ct-life', 'without secrets'));
      await world().driver.replaceSeed(machine().ref, 1, contractSeed('ct-life', 'without secrets'));
      expect((await domain()).live?.disks).toEqual(before.live?.disks);
    });

    test('vCPUs are raised live up to the boot maximum, and never lowered; disks grow', async () => {
      const { maxCpus } = (await domain()).live ?? { maxCpus: 0 };
      expect(maxCpus).toBeGreaterThan(1);
      await world().driver.updateLive(machine().ref, { cpus: 2, diskMiB: 320, stateDiskMiB: 96 });
      await world().driver.updateLive(machine().ref, { cpus: 2, diskMiB: 320, stateDiskMiB: 96 });
      await world().driver.updateLive(machine().ref, { cpus: 1, diskMiB: 256, stateDiskMiB: 64 });
      const { live, next } = await domain();
      expect([live?.cpus, next.cpus]).toEqual([2, 2]);
    });

    test('a reset begins the guest anew, under the definition in force', async () => {
      const { live } = await domain();
      const events: HypervisorEvent[] = [];
      const watching = world().driver.watch((event) => events.push(event));
      await world().until('the watch is connected', () => events.some((event) => event.kind === 'connected'));
      await world().driver.reset(machine().ref);
      await world().until('the agent connects anew', () =>
        events.some((event) => event.kind === 'agent-connected' && event.machine === 'ct-life'),
      );
      watching.stop();
      const found = await domain();
      expect([found.state, found.live, found.mark]).toMatchObject(['running', live, { revision: 'fedcba' }]);
    });

    test('a clean shutdown turns it off, and is granted to a machine that is off', async () => {
      await world().driver.shutdown(machine().ref, 'agent');
      await reaches('shut off');
      await world().driver.shutdown(machine().ref, 'agent');
      await world().driver.shutdown(machine().ref, 'acpi');
      const found = await domain();
      expect(found).toMatchObject({ live: null, stateReason: 'shutdown', mark: { revision: 'fedcba' } });
    });

    test('power is cut, also twice', async () => {
      await world().driver.start(machine().ref);
      await reaches('running');
      await world().driver.resume(machine().ref);
      await world().driver.powerOff(machine().ref);
      await reaches('shut off');
      await world().driver.powerOff(machine().ref);
      await world().driver.reset(machine().ref);
      expect(await domain()).toMatchObject({ state: 'shut off', stateReason: 'destroyed' });
    });

    test('the disks of a machine that is off grow too', async () => {
      await world().driver.updateLive(machine().ref, { cpus: null, diskMiB: 384, stateDiskMiB: 128 });
      await world().driver.updateLive(machine().ref, { cpus: null, diskMiB: 320, stateDiskMiB: 96 });
      const folder = await findFolder(world().driver, 'ct-life');
      expect(folder).toEqual({ machine: 'ct-life', generations: [1], hasStateDisk: true });
    });
  });
}
