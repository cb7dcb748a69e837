import { afterEach, describe, expect, test } from 'vitest';
import { KreError } from '../../../../src/model/error.ts';
import { VirshComplaint } from '../../../virsh/fake-virsh.ts';
import { type FakeLibvirt, startFakeLibvirt } from './fake-libvirt.ts';

let fake: FakeLibvirt;
afterEach(() => fake.dispose());

const uuidOf = (number: number) => `0b9e1c9e-54d4-5f47-8a3c-${String(number).padStart(12, '0')}`;
const xmlOf = (number: number, vcpus: number) =>
  `<domain type='qemu'><name>m${number}</name><uuid>${uuidOf(number)}</uuid><vcpu>${vcpus}</vcpu></domain>`;

/** Twenty machines that run, of which some can be held by a long job; `nowMs` moves the driver's clock. */
async function host() {
  const scene = { held: new Set<number>(), how: 'silence' as 'silence' | 'complaint', nowMs: 1_000_000 };
  const isHeld = (uuid: string) => [...scene.held].some((number) => uuidOf(number) === uuid);
  fake = await startFakeLibvirt({
    clock: { now: () => scene.nowMs },
    answer: ([command, uuid = '']) => {
      if (command !== 'dumpxml' || !isHeld(uuid)) return null;
      if (scene.how === 'complaint')
        throw new VirshComplaint('Timed out during operation: cannot acquire state change lock (held by monitor)');
      throw new KreError({ code: 'ExecTimeout', message: 'no answer', hint: '', disposition: 'retry' });
    },
  });
  for (let number = 0; number < 20; number++) {
    const uuid = uuidOf(number);
    fake.domains.set(uuid, { name: `m${number}`, uuid, xml: xmlOf(number, 1), isRunning: true });
  }
  return scene;
}

const stop = (number: number) => Object.assign(fake.domains.get(uuidOf(number)) ?? {}, { isRunning: false });
const dumpsOf = (number: number) =>
  fake.virsh.commands.filter(([command, uuid]) => command === 'dumpxml' && uuid === uuidOf(number)).length;

describe('a domain that a long job holds', () => {
  test.each(['silence', 'complaint'] as const)(
    'by %s stands as it was described last, and the others as they are',
    async (how) => {
      const scene = await host();
      await fake.driver.inventory();
      Object.assign(scene, { how, held: new Set([7]) });
      stop(7);
      stop(8);
      const { domains } = await fake.driver.inventory();
      expect(domains).toHaveLength(20);
      expect(domains[7]).toMatchObject({ name: 'm7', state: 'shut off', live: null, next: { cpus: 1 } });
      expect(domains[8]).toMatchObject({ name: 'm8', state: 'shut off', live: null });
      expect(domains[9]).toMatchObject({ name: 'm9', state: 'running', live: { cpus: 1 } });
    },
  );

  test('does not hold up the next readings, and is asked again after a minute', async () => {
    const scene = await host();
    await fake.driver.inventory();
    scene.held.add(7);
    await fake.driver.inventory();
    const asked = dumpsOf(7);
    fake.takePrograms();
    await fake.driver.inventory();
    expect(fake.takePrograms()).toEqual(['virsh', 'virsh']);
    expect(dumpsOf(7)).toBe(asked);
    scene.nowMs += 60_000;
    await fake.driver.inventory();
    expect(dumpsOf(7)).toBeGreaterThan(asked);
    scene.held.clear();
    scene.nowMs += 60_000;
    Object.assign(fake.domains.get(uuidOf(7)) ?? {}, { xml: xmlOf(7, 3) });
    expect((await fake.driver.inventory()).domains[7]).toMatchObject({ next: { cpus: 3 } });
    fake.takePrograms();
    await fake.driver.inventory();
    expect(fake.takePrograms()).toEqual(['virsh', 'virsh']);
  });

  test.each(['silence', 'complaint'] as const)(
    'by %s and was never described is told as unread, never as absent, and the others as they are',
    async (how) => {
      const scene = await host();
      Object.assign(scene, { how, held: new Set([7]) });
      for (let readings = 0; readings < 2; readings++) {
        const { domains } = await fake.driver.inventory();
        expect(domains).toHaveLength(20);
        expect(domains[7]).toMatchObject({ name: 'm7', uuid: uuidOf(7), mark: 'unreadable', state: 'running' });
        expect(domains[7]?.unread).toMatch(/no answer|Timed out/);
        expect(domains[8]).toMatchObject({ name: 'm8', mark: null, live: { cpus: 1 } });
        expect(domains[8]).not.toHaveProperty('unread');
      }
      scene.held.clear();
      scene.nowMs += 60_000;
      const [, , , , , , , again] = (await fake.driver.inventory()).domains;
      expect(again).toMatchObject({ name: 'm7', mark: null, live: { cpus: 1 } });
      expect(again).not.toHaveProperty('unread');
    },
  );

  test('is not there any more once it is undefined', async () => {
    const scene = await host();
    await fake.driver.inventory();
    scene.held.add(7);
    await fake.driver.inventory();
    fake.domains.delete(uuidOf(7));
    expect((await fake.driver.inventory()).domains.map(({ name }) => name)).not.toContain('m7');
  });

  test('is one of all where libvirt describes none, which is libvirt not answering', async () => {
    const scene = await host();
    await fake.driver.inventory();
    for (let number = 0; number < 20; number++) scene.held.add(number);
    await expect(fake.driver.inventory()).rejects.toMatchObject({ code: 'HypervisorUnreachable' });
  });
});
