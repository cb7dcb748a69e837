import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSimGuest } from '../../src/drivers/guest/sim/index.ts';
import { createSimHypervisor } from '../../src/drivers/hypervisor/sim/index.ts';
import { openSimWorld } from '../../src/sim/open.ts';
import { destroyDomain } from '../../src/sim/outside.ts';
import { createVirtualClock } from '../../src/sim/virtual-clock.ts';
import { systemFiles } from '../../src/sys/files.ts';
import { type Bench, nodeNamed, owner, settle, startCluster, startNode } from './fixtures.ts';

describe('a world in a folder', () => {
  let folder: string;
  const clock = createVirtualClock();

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sim-world-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** What a process of its own would have. */
  async function open(): Promise<Bench> {
    const world = await openSimWorld(`sim://${folder}/host`, { clock, files: systemFiles });
    return { clock, world, hypervisor: createSimHypervisor(world, { owner }), guest: createSimGuest(world) };
  }

  it('is the same for every process, those that opened it before included', async () => {
    const [agent, early] = [await open(), await open()];
    const node = await startCluster(agent);
    const late = await open();
    const status = await agent.guest.status(node.ref);
    expect(await early.guest.status(node.ref)).toEqual(status);
    expect(await late.guest.status(node.ref)).toEqual(status);
    expect(await late.hypervisor.inventory()).toEqual(await agent.hypervisor.inventory());
  });

  it('shows what another process did', async () => {
    const [agent, person] = [await open(), await open()];
    await startCluster(agent);
    await destroyDomain(person.world, 'dev-cp-1');
    expect((await agent.hypervisor.inventory()).domains).toMatchObject([
      { state: 'shut off', stateReason: 'destroyed' },
    ]);
  });

  it('is written when something changed, readable by its owner alone, and not by looking', async () => {
    const agent = await open();
    const file = join(folder, 'host', 'world.json');
    await agent.hypervisor.inventory();
    await expect(stat(file)).rejects.toThrow('ENOENT');
    const node = await startCluster(agent);
    const before = await stat(file);
    expect(before.mode & 0o777).toBe(0o600);
    await agent.hypervisor.inventory();
    await agent.guest.status(node.ref);
    await settle(agent);
    expect((await stat(file)).mtimeMs).toBe(before.mtimeMs);
  });

  it('of another format is refused and left as it is', async () => {
    const agent = await open();
    await startCluster(agent);
    await writeFile(join(folder, 'host', 'world.json'), '{"schema": 7}');
    await expect(agent.hypervisor.inventory()).rejects.toMatchObject({ code: 'StateUnreadable' });
    await expect(open()).rejects.toMatchObject({ code: 'StateUnreadable' });
  });

  it.each(['sim://', 'sim:folder', 'sim://elsewhere/x', 'qemu:///system'])('is not at %s', async (uri) => {
    await expect(openSimWorld(uri, { clock, files: systemFiles })).rejects.toMatchObject({ code: 'ConfigInvalid' });
  });
});

describe('a world on the wall clock', () => {
  it('tells who watches when an agent connects, sooner at a higher speed', async () => {
    const clock = { now: () => Date.now() };
    const world = await openSimWorld('sim://memory', { clock, speed: 1000 });
    const hypervisor = createSimHypervisor(world, { owner });
    const connected = new Promise<string | null>((resolve) => {
      const watching = hypervisor.watch((event) => {
        if (event.kind !== 'agent-connected') return;
        watching.stop();
        resolve(event.machine);
      });
    });
    const bench = { world, hypervisor, guest: createSimGuest(world), clock: createVirtualClock() };
    await startNode(bench, nodeNamed('web', null));
    expect(await connected).toBe('web');
  });
});
