import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Status } from '../../src/model/status.ts';
import { images, tinyMachine } from './manifests.ts';
import { domainNames, imageFolders, isAt, isReady, reportOnFailure } from './observing.ts';
import { type LabSite, startSite } from './site.ts';
import { until } from './waiting.ts';

/**
 * From a commit to running machines on real libvirt: the agent runs as its own user and is driven by commits and by the built program alone. The tests
 * follow each other on one site.
 */
const minutes = 60_000;
let site: LabSite;

beforeAll(async () => {
  site = await startSite('machines');
});
afterAll(async () => {
  await site?.stop();
});

const machineReady = (name: string) => (status: Status) =>
  isReady(status.machines.find((entry) => entry.name === name)?.conditions);

describe('plain machines', () => {
  it('a commit creates machines; they run and their guests answer', async () => {
    reportOnFailure(site);
    const revision = await site.commit('two machines', {
      'images.yaml': images(site),
      'one.yaml': tinyMachine('one'),
      'two.yaml': tinyMachine('two', { prune: { mode: 'Enabled' } }),
    });
    await site.startAgent();
    await site.untilStatus(
      'both machines are ready',
      15 * minutes,
      (status) => isAt(status, revision) && machineReady('one')(status) && machineReady('two')(status),
    );
    expect((await site.virsh('list', '--name')).trim().split('\n').sort()).toEqual(['one', 'two']);
  });

  it('a machine that somebody destroys runs again at once', async () => {
    reportOnFailure(site);
    const before = Number(await domainId('one'));
    await site.virsh('destroy', 'one');
    await until('one runs again', 2 * minutes, async () => Number(await domainId('one').catch(() => '0')) > before);
    await site.untilStatus('one is ready again', 10 * minutes, machineReady('one'));
  });

  it('a broken commit changes nothing and is reported with file and line; the fix converges', async () => {
    reportOnFailure(site);
    const good = (await site.status())?.source.lastGoodRevision;
    const broken = await site.commit('a typing error', {
      'three.yaml':
        'apiVersion: kreconcile.dev/v1alpha1\nkind: Machine\nmetadata: {name: three}\nspec:\n  image: tiny\n  machineClas: tiny\n',
    });
    const status = await site.untilStatus(
      'the broken commit is reported',
      2 * minutes,
      (now) => now.source.lastAttemptedRevision === broken && now.source.problem !== null,
    );
    expect(status.source.lastGoodRevision).toBe(good);
    expect(JSON.stringify(status.source.problem)).toContain('three.yaml:6:3');
    expect(await site.virsh('list', '--all', '--name')).not.toContain('three');
    const fixed = await site.commit('the fix', { 'three.yaml': tinyMachine('three', { prune: { mode: 'Enabled' } }) });
    await site.untilStatus(
      'the fix has converged',
      10 * minutes,
      (now) => isAt(now, fixed) && now.source.problem === null && machineReady('three')(now),
    );
  });

  it('libvirtd restarts: the agent hears events again and notices what changed meanwhile', async () => {
    reportOnFailure(site);
    await site.host.restartLibvirtd();
    await site.virsh('destroy', 'two');
    await until('two runs again', 3 * minutes, async () => (await site.virsh('domstate', 'two')).trim() === 'running');
    const before = Number(await domainId('one'));
    await site.virsh('destroy', 'one');
    await until(
      'one runs again: events are heard',
      3 * minutes,
      async () => Number(await domainId('one').catch(() => '0')) > before,
    );
  });

  it('a foreign domain of the same name is left alone and reported as a conflict', async () => {
    reportOnFailure(site);
    const xml =
      "<domain type='qemu'><name>four</name><memory unit='MiB'>64</memory><os><type arch='x86_64'>hvm</type></os></domain>";
    await site.host.must([
      'sh',
      '-c',
      `echo "${xml}" > /run/four.xml && virsh -q -c ${site.host.uri} define /run/four.xml`,
    ]);
    const uuid = await site.virsh('domuuid', 'four');
    await site.commit('a name that is taken', { 'four.yaml': tinyMachine('four') });
    const status = await site.untilStatus('the conflict is reported', 2 * minutes, (now) =>
      now.blocks.some((block) => block.guard === 'Conflict'),
    );
    expect(status.blocks.find((block) => block.guard === 'Conflict')?.reason).toContain('four');
    expect(await site.virsh('domuuid', 'four')).toBe(uuid);
    expect((await site.virsh('domstate', 'four')).trim()).toBe('shut off');
    await site.commit('the name is given up', { 'four.yaml': null });
    await site.untilStatus('the conflict is gone', 2 * minutes, (now) => now.blocks.length === 0);
    expect(await site.virsh('domuuid', 'four')).toBe(uuid);
  });

  it('a machine that leaves git is deleted with its own disks and nothing else', async () => {
    reportOnFailure(site);
    await site.commit('two and its like go', { 'two.yaml': null });
    await until(
      'two is gone',
      10 * minutes,
      async () => !(await site.virsh('list', '--all', '--name')).split('\n').includes('two'),
    );
    expect(await domainNames(site)).toEqual(['four', 'one', 'three']);
    expect((await imageFolders(site)).filter((name) => name === 'two')).toEqual([]);
    await site.commit('three goes', { 'three.yaml': null });
    await until(
      'three is gone',
      10 * minutes,
      async () => !(await site.virsh('list', '--all', '--name')).split('\n').includes('three'),
    );
  });
});

function domainId(name: string): Promise<string> {
  return site.virsh('domid', name);
}
