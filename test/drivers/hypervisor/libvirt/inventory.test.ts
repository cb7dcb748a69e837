import { afterEach, describe, expect, test } from 'vitest';
import { VirshComplaint } from '../../../virsh/fake-virsh.ts';
import { type FakeLibvirt, type FakeSettings, startFakeLibvirt } from './fake-libvirt.ts';

let fake: FakeLibvirt | undefined;
afterEach(() => fake?.dispose());

function uuidOf(number: number): string {
  return `0b9e1c9e-54d4-5f47-8a3c-${String(number).padStart(12, '0')}`;
}

async function hostWith(count: number, settings: FakeSettings = {}, isRunning = false): Promise<FakeLibvirt> {
  fake = await startFakeLibvirt(settings);
  for (let number = 0; number < count; number++) {
    const uuid = uuidOf(number);
    const xml = `<domain type='qemu'><name>m${number}</name><uuid>${uuid}</uuid><vcpu>1</vcpu></domain>`;
    fake.domains.set(uuid, { name: `m${number}`, uuid, xml, isRunning });
  }
  return fake;
}

describe('the inventory', () => {
  test.each([
    [0, 2],
    [1, 2],
    [10, 2],
    [300, 2],
    // One more for each further 120 KiB of commands.
    [3000, 5],
  ])('of %d stopped machines takes %d processes', async (machines, processes) => {
    const { driver, takePrograms } = await hostWith(machines);
    const { domains } = await driver.inventory();
    expect(domains).toHaveLength(machines);
    expect(takePrograms()).toEqual(Array.from({ length: processes }, () => 'virsh'));
  });

  test('of 300 running machines takes two, and never asks their QEMUs or agents', async () => {
    const { driver, takePrograms, virsh } = await hostWith(300, {}, true);
    const { domains } = await driver.inventory();
    expect(domains.every((domain) => domain.live !== null && domain.state === 'running')).toBe(true);
    expect(takePrograms()).toEqual(['virsh', 'virsh']);
    const asked = new Set(virsh.commands.map(([command]) => command));
    expect([...asked].filter((command) => command?.startsWith('qemu-'))).toEqual([]);
    expect(virsh.commands.filter(([command]) => command === 'domstats')).toEqual([['domstats', '--state']]);
  });

  test('asks what the host is only once', async () => {
    const { driver, virsh } = await hostWith(1);
    await driver.inventory();
    await driver.inventory();
    expect(virsh.commands.filter(([command]) => command === 'domcapabilities')).toHaveLength(1);
  });

  test('tells the host and why it has no KVM', async () => {
    const { driver } = await hostWith(0);
    const { host } = await driver.inventory();
    expect(host).toMatchObject({
      cpus: 8,
      memoryMiB: 15_677,
      arch: 'x86_64',
      acceleration: 'emulation',
      accelerationReason: expect.stringContaining('/dev/kvm'),
      hypervisorVersion: 'QEMU 7.2.22, libvirt 9.0.0',
    });
  });

  test('leaves out what was undefined while it read', async () => {
    const { driver } = await hostWith(3, {
      answer: (words) => {
        if (words[0] === 'dumpxml' && words[1] === uuidOf(1)) throw new VirshComplaint("failed to get domain 'x'");
        return null;
      },
    });
    expect((await driver.inventory()).domains.map((domain) => domain.name)).toEqual(['m0', 'm2']);
  });

  test('takes the newer reading of a machine that stopped while it read', async () => {
    const { driver } = await hostWith(1, {
      answer: (words) => (words[0] === 'domstats' ? "Domain: 'm0'\n  state.state=1\n  state.reason=1" : null),
    });
    expect((await driver.inventory()).domains).toMatchObject([
      { state: 'shut off', stateReason: 'unknown', live: null },
    ]);
  });

  test.each([
    ['a list that fails', 'list'],
    ['states that cannot be told', 'domstats'],
  ])('%s fails the whole reading: half of one looks like deleted machines', async (_, command) => {
    const { driver } = await hostWith(2, {
      answer: (words) => {
        if (words[0] === command)
          throw new VirshComplaint('Timed out during operation: cannot acquire state change lock');
        return null;
      },
    });
    await expect(driver.inventory()).rejects.toMatchObject({
      code: 'VirshFailed',
      message: expect.stringContaining('state change lock'),
    });
  });

  test('domains that cannot be described are told as unread, never as absent', async () => {
    const { driver } = await hostWith(2, {
      answer: (words) => {
        if (words[0] === 'dumpxml')
          throw new VirshComplaint('Timed out during operation: cannot acquire state change lock');
        return null;
      },
    });
    const { domains } = await driver.inventory();
    expect(domains.map(({ name, mark }) => [name, mark])).toEqual([
      ['m0', 'unreadable'],
      ['m1', 'unreadable'],
    ]);
    for (const { unread } of domains) expect(unread).toContain('state change lock');
  });

  test.each([
    ['3', '5', 'paused', 'I/O error'],
    ['5', '3', 'shut off', 'crashed'],
    ['6', '1', 'crashed', 'panicked'],
    ['99', '99', 'unknown', 'unknown'],
  ])('state %s, reason %s is %s, %s', async (state, reason, word, why) => {
    const { driver } = await hostWith(
      1,
      {
        answer: (words) =>
          words[0] === 'domstats' ? `Domain: 'm0'\n  state.state=${state}\n  state.reason=${reason}` : null,
      },
      word === 'paused' || word === 'crashed',
    );
    const [domain] = (await driver.inventory()).domains;
    expect(domain).toMatchObject({ state: word, stateReason: why });
  });
});
