import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import type { Condition, Status } from '../../src/model/status.ts';
import { kubernetesVersions } from './artifacts.ts';
import { images, kubeadmCluster, tinyMachine } from './manifests.ts';
import { type LabSite, startSite } from './site.ts';
import { until } from './waiting.ts';

/**
 * The whole road, on real libvirt, a real cloud-init guest and the real Kubernetes: the agent runs as its own user and is driven by commits and by the
 * built program alone. The tests follow each other on one site.
 */
const minutes = 60_000;
let site: LabSite;

beforeAll(async () => {
  site = await startSite('spine');
});
afterAll(async () => {
  await site?.stop();
});

function reportOnFailure(): void {
  onTestFailed(async () => {
    process.stderr.write(`${await site.report()}\n`);
  });
}

const isReady = (conditions: readonly Condition[] | undefined) =>
  conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false;
const machine = (status: Status, name: string) => status.machines.find((entry) => entry.name === name);
const machineReady = (name: string) => (status: Status) => isReady(machine(status, name)?.conditions);
const at = (revision: string) => (status: Status) => status.source.lastGoodRevision === revision;

describe('plain machines', () => {
  it('a commit creates machines; they run and their guests answer', async () => {
    reportOnFailure();
    const revision = await site.commit('two machines', {
      'images.yaml': images(site),
      'one.yaml': tinyMachine('one'),
      'two.yaml': tinyMachine('two', { prune: { mode: 'Enabled' } }),
    });
    await site.startAgent();
    await site.untilStatus(
      'both machines are ready',
      15 * minutes,
      (status) => at(revision)(status) && machineReady('one')(status) && machineReady('two')(status),
    );
    expect((await site.virsh('list', '--name')).trim().split('\n').sort()).toEqual(['one', 'two']);
  });

  it('a machine that somebody destroys runs again at once', async () => {
    reportOnFailure();
    const before = Number(await domainId('one'));
    await site.virsh('destroy', 'one');
    await until('one runs again', 2 * minutes, async () => Number(await domainId('one').catch(() => '0')) > before);
    await site.untilStatus('one is ready again', 10 * minutes, machineReady('one'));
  });

  it('a broken commit changes nothing and is reported with file and line; the fix converges', async () => {
    reportOnFailure();
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
      (now) => at(fixed)(now) && now.source.problem === null && machineReady('three')(now),
    );
  });

  it('libvirtd restarts: the agent hears events again and notices what changed meanwhile', async () => {
    reportOnFailure();
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
    reportOnFailure();
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
    reportOnFailure();
    await site.commit('two and its like go', { 'two.yaml': null });
    await until(
      'two is gone',
      10 * minutes,
      async () => !(await site.virsh('list', '--all', '--name')).split('\n').includes('two'),
    );
    expect((await site.virsh('list', '--all', '--name')).trim().split('\n').sort()).toEqual(['four', 'one', 'three']);
    expect((await folders()).filter((name) => name === 'two')).toEqual([]);
    await site.commit('three goes', { 'three.yaml': null });
    await until(
      'three is gone',
      10 * minutes,
      async () => !(await site.virsh('list', '--all', '--name')).split('\n').includes('three'),
    );
  });
});

describe('a kubeadm cluster of one', () => {
  let uuid = '';
  let bootId = '';

  it('is created by a commit, although the agent is killed while its machine is made; kubectl works from the host', async () => {
    reportOnFailure();
    const revision = await site.commit('a cluster', { 'lab.yaml': kubeadmCluster(site) });
    await until(
      'the machine is being made',
      10 * minutes,
      async () =>
        (await folders()).includes('lab-cp-1') || (await site.virsh('list', '--all', '--name')).includes('lab-cp-1'),
    );
    await site.killAgent();
    await site.startAgent();
    await site.untilStatus(
      'the cluster is ready',
      60 * minutes,
      (status) => at(revision)(status) && isReady(status.clusters.find((entry) => entry.name === 'lab')?.conditions),
    );
    expect(
      (await site.virsh('list', '--all', '--name')).split('\n').filter((name) => name === 'lab-cp-1'),
    ).toHaveLength(1);
    expect(await site.kubectl('lab', 'get', '--raw', '/readyz')).toBe('ok');
    const [ready, version] = (
      await nodeField('{.status.conditions[?(@.type=="Ready")].status} {.status.nodeInfo.kubeletVersion}')
    ).split(' ');
    expect([ready, version]).toEqual(['True', kubernetesVersions.first]);
    await site.kubectl('lab', 'create', 'configmap', 'kept', '--from-literal=color=green');
    uuid = (await site.virsh('domuuid', 'lab-cp-1')).trim();
    bootId = await nodeField('{.status.nodeInfo.bootID}');
  });

  it('holds no first-boot secret in its seed, and asks for nothing more', async () => {
    reportOnFailure();
    const plan = await site.kreconcile(['plan', '--detailed-exitcode']);
    expect(plan.exitCode, plan.stdout + plan.stderr).toBe(0);
  });

  it('is upgraded in place by a commit, although the agent is killed in the middle', async () => {
    reportOnFailure();
    const revision = await site.commit('a newer Kubernetes', {
      'lab.yaml': kubeadmCluster(site, kubernetesVersions.next),
    });
    await site.untilStatus('the upgrade is under way', 40 * minutes, (status) =>
      status.waits.some((wait) => wait.id === 'machine/lab-cp-1/upgrade/done' && wait.detail !== ''),
    );
    await site.killAgent();
    await site.startAgent();
    await site.untilStatus('the upgrade is done', 60 * minutes, (status) => {
      const found = status.clusters.find((entry) => entry.name === 'lab');
      return at(revision)(status) && isReady(found?.conditions) && found?.observedVersion === kubernetesVersions.next;
    });
    expect(await nodeField('{.status.nodeInfo.kubeletVersion}')).toBe(kubernetesVersions.next);
    expect((await site.virsh('domuuid', 'lab-cp-1')).trim()).toBe(uuid);
    expect(await nodeField('{.status.nodeInfo.bootID}')).toBe(bootId);
    expect(await site.kubectl('lab', 'get', 'configmap', 'kept', '-o', 'jsonpath={.data.color}')).toBe('green');
    const backups = await site.host.must(['sh', '-c', 'ls /var/lib/kreconcile/backups/lab']);
    expect(backups).toMatch(/^backup-[0-9a-f]{8}-\d+$/m);
  });

  it('that leaves git is deleted with exactly its own domain and disks; a machine stays', async () => {
    reportOnFailure();
    await site.commit('the cluster goes', { 'lab.yaml': null });
    await until(
      'the domain is gone',
      15 * minutes,
      async () => !(await site.virsh('list', '--all', '--name')).includes('lab-cp-1'),
    );
    await until('its folder and kubeconfig are gone', 2 * minutes, async () => {
      const kubeconfigs = await site.host.must(['ls', '/var/lib/kreconcile/kubeconfigs']);
      return !(await folders()).includes('lab-cp-1') && !kubeconfigs.includes('lab.kubeconfig');
    });
    expect((await site.virsh('list', '--all', '--name')).trim().split('\n').sort()).toEqual(['four', 'one']);
    expect((await site.virsh('domstate', 'one')).trim()).toBe('running');
    expect(await site.virsh('net-dumpxml', 'default')).not.toContain('lab-cp-1');
  });

  function nodeField(path: string): Promise<string> {
    return site.kubectl('lab', 'get', 'node', 'lab-cp-1', '-o', `jsonpath=${path}`);
  }
});

function domainId(name: string): Promise<string> {
  return site.virsh('domid', name);
}

async function folders(): Promise<readonly string[]> {
  return (await site.host.must(['ls', '/var/lib/libvirt/images/kreconcile'])).trim().split('\n');
}
