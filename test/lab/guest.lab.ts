import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Guest } from '../../src/drivers/guest/guest.ts';
import { assembleProgram } from '../../src/drivers/guest/program/assemble.ts';
import { createQga } from '../../src/drivers/guest/qga/index.ts';
import type { MachineRef } from '../../src/drivers/hypervisor/hypervisor.ts';
import { debian } from '../../src/drivers/os/debian/debian.ts';
import type { GuestStatus } from '../../src/model/guest-status.ts';
import { renderSeed, type SeedInputs } from '../../src/reconcile/seed.ts';
import { systemClock } from '../../src/sys/clock.ts';
import { guestContract } from '../drivers/guest/contract.ts';
import { base } from '../drivers/guest/program/guest-root.ts';
import { labArtifacts } from './artifacts.ts';
import { bringImage, imagesFolder, makeDisk, makeSeed, startMachine, stopMachine, virshIn } from './guest-machine.ts';
import { type LabHost, startLabHost } from './host.ts';
import { keptNode, library } from './kept-node.ts';
import { until } from './waiting.ts';

const minute = 60_000;

async function startHost(
  name: string,
): Promise<{ readonly host: LabHost; readonly root: string; readonly driver: Guest }> {
  const root = await mkdtemp(join(tmpdir(), `kreconcile-lab-${name}-`));
  await execa('chmod', ['0755', root]);
  const host = await startLabHost({ name, root });
  return { host, root, driver: createQga({ virsh: virshIn(host), clock: systemClock }) };
}

guestContract(
  'qga in an emulated guest',
  async () => {
    const { host, root, driver } = await startHost('guest');
    const dispose = async () => {
      await host.stop();
      await rm(root, { recursive: true, force: true });
    };
    const machine = { name: 'tiny', uuid: '7f8a3c52-6f0e-5d8f-9d2b-0d4bb8a1c0aa', mac: '52:54:00:00:0a:aa' };
    try {
      const image = await bringImage(host, 'tiny', labArtifacts().tiny.path);
      const disks = [{ path: await makeDisk(host, 'tiny', { image }) }];
      await startMachine(host, root, { ...machine, memoryMiB: 128, disks });
      await answers(driver, machine);
      // Without the program its agent alone tells of it.
      expect(await driver.status(machine)).toMatchObject({
        program: '',
        cloudInit: 'absent',
        bootId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
    } catch (thrown) {
      await dispose();
      throw thrown;
    }
    return {
      driver,
      machine,
      stopped: { name: 'stopped', uuid: '7f8a3c52-6f0e-5d8f-9d2b-0d4bb8a1c0ab' },
      controlPlane: null,
      program: assembleProgram(base, null),
      until: (what, condition) => until(what, 3 * minute, async () => condition()),
      dispose,
    };
  },
  { controlPlane: false },
);

async function answers(driver: Guest, machine: MachineRef): Promise<void> {
  let last: unknown;
  const asks = async (): Promise<boolean> => {
    try {
      return (await driver.status(machine)) !== null;
    } catch (thrown) {
      last = thrown;
      return false;
    }
  };
  await until(`the agent of ${machine.name} answers`, 3 * minute, asks).catch((thrown: unknown) => {
    throw new Error(String(thrown), { cause: last });
  });
}

describe('a node that cloud-init sets up, with its state disk', () => {
  let host: LabHost;
  let root: string;
  let driver: Guest;
  let seeds: SeedInputs;
  let statePath: string;
  let baseImage: string;
  const serial = 'kr-lab';
  const machine = { name: 'kept-1', uuid: '7f8a3c52-6f0e-5d8f-9d2b-0d4bb8a1c0ba', mac: '52:54:00:00:0b:aa' };

  beforeAll(async () => {
    ({ host, root, driver } = await startHost('kept'));
    const program = assembleProgram(base, library);
    seeds = {
      ...keptNode({ ...machine, serial }),
      os: debian,
      program,
      secrets: {},
      generation: 1,
      stateNew: true,
      phase: 'first-boot',
    };
    baseImage = await bringImage(host, 'debian', labArtifacts().debian.path);
    statePath = await makeDisk(host, 'kept-state', { sizeMiB: 1024 });
  });
  afterAll(async () => {
    await host?.stop();
    if (root) await rm(root, { recursive: true, force: true });
  });

  /** Boots with the root disk and the seed, waits for the end of first boot, and gives what the guest tells. */
  const boot = async (rootDisk: string, state: string, change: Partial<SeedInputs>): Promise<GuestStatus> => {
    await stopMachine(host, machine);
    const seed = await makeSeed(host, root, `kept-seed-${Date.now()}`, renderSeed({ ...seeds, ...change }));
    const disks = [{ path: rootDisk }, { path: seed, readOnly: true }, { path: state, serial }];
    await startMachine(host, root, { ...machine, memoryMiB: 768, disks });
    let latest: GuestStatus | null = null;
    try {
      await until('cloud-init has ended', 15 * minute, async () => {
        latest = await driver.status(machine).catch(() => null);
        const isBusy = latest?.operations.some(({ state: word }) => word === 'running') ?? true;
        return !isBusy && ['done', 'error'].includes(latest?.cloudInit ?? '');
      });
    } catch (thrown) {
      console.log(latest, (await readFile(join(imagesFolder(root).outside, 'kept-1.console'), 'utf8')).slice(-6000));
      throw thrown;
    }
    return latest as unknown as GuestStatus;
  };
  const told = async (verb: 'join-info'): Promise<Readonly<Record<string, string>>> => driver.call(machine, verb, {});

  it('formats and mounts the disk, then boots its services and the first bootstrap', async () => {
    const rootDisk = await makeDisk(host, 'kept-root-1', { image: baseImage });
    const status = await boot(rootDisk, statePath, {});
    expect(status).toMatchObject({
      hostname: 'kept-1',
      cloudInit: 'done',
      stateDisk: 'mounted',
      os: { id: 'debian', version: '12' },
    });
    expect(status.operations).toEqual([
      expect.objectContaining({ id: 'bootstrap-first', state: 'succeeded', message: 'bootstrapped' }),
    ]);
    expect(status.addresses).toEqual([{ mac: machine.mac, address: expect.stringMatching(/^192\.168\.122\./) }]);
    expect(status.kubernetes).toMatchObject({ phase: 'installed', serviceActive: true });
    expect(await told('join-info')).toEqual({
      kept: 'generation-1',
      service: 'active',
      propagation: 'shared',
      below: '0',
    });
  });

  it('is the same after its power was cut, with a seed that has settled', async () => {
    const before = await driver.status(machine);
    const status = await boot('/var/lib/libvirt/images/kept-root-1.qcow2', statePath, { phase: 'settled' });
    expect(status.bootId).not.toBe(before.bootId);
    expect(status).toMatchObject({ stateDisk: 'mounted', cloudInit: 'done', program: before.program });
    expect(status.operations).toHaveLength(1);
    expect(await told('join-info')).toMatchObject({ kept: 'generation-1', service: 'active' });
  });

  it('has its data under a new root disk', async () => {
    const rootDisk = await makeDisk(host, 'kept-root-2', { image: baseImage });
    const status = await boot(rootDisk, statePath, { generation: 2, stateNew: false });
    expect(status).toMatchObject({ stateDisk: 'mounted', cloudInit: 'done' });
    expect(await told('join-info')).toMatchObject({ kept: 'generation-1', service: 'active' });
  });

  it('keeps its service down when its disk is another, blank one', async () => {
    const blank = await makeDisk(host, 'kept-blank', { sizeMiB: 1024 });
    const status = await boot('/var/lib/libvirt/images/kept-root-2.qcow2', blank, { generation: 2, stateNew: true });
    expect(status.stateDisk).toBe('blank-refused');
    expect(status.kubernetes).toMatchObject({ serviceActive: false });
    await driver.startOperation(machine, { id: 'join-refused-1', verb: 'join', input: {} });
    await until('join is refused', 3 * minute, async () =>
      (await driver.status(machine)).operations.some(({ state }) => state === 'failed'),
    );
    await stopMachine(host, machine);
    expect(await host.must(['qemu-img', 'compare', '-q', blank, await makeDisk(host, 'zero', { sizeMiB: 1024 })])).toBe(
      '',
    );
  });
});
