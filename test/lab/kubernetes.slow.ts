import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubernetesVersions } from './artifacts.ts';
import { images, kubeadmCluster, tinyMachine } from './manifests.ts';
import { domainNames, imageFolders, isAt, isReady, reportOnFailure } from './observing.ts';
import { type LabSite, startSite } from './site.ts';
import { until } from './waiting.ts';

/**
 * The whole road to the real Kubernetes in a real cloud-init guest: created, upgraded in place and deleted by commits, with the agent killed on the way. The
 * tests follow each other on one site, and want the machine for themselves.
 */
const minutes = 60_000;
let site: LabSite;

beforeAll(async () => {
  site = await startSite('kubernetes');
  await site.startAgent();
});
afterAll(async () => {
  await site?.stop();
});

describe('a kubeadm cluster of one', () => {
  let uuid = '';
  let bootId = '';

  it('is created by a commit, although the agent is killed while its machine is made; kubectl works from the host', async () => {
    reportOnFailure(site);
    const revision = await site.commit('a cluster', {
      'images.yaml': images(site),
      'one.yaml': tinyMachine('one'),
      'lab.yaml': kubeadmCluster(site),
    });
    await until(
      'the machine is being made',
      10 * minutes,
      async () =>
        (await imageFolders(site)).includes('lab-cp-1') ||
        (await site.virsh('list', '--all', '--name')).includes('lab-cp-1'),
      500,
    );
    await site.killAgent();
    await site.startAgent();
    await site.untilStatus(
      'the cluster is ready',
      60 * minutes,
      (status) => isAt(status, revision) && isReady(status.clusters.find((entry) => entry.name === 'lab')?.conditions),
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
    reportOnFailure(site);
    const plan = await site.kreconcile(['plan', '--detailed-exitcode']);
    expect(plan.exitCode, plan.stdout + plan.stderr).toBe(0);
  });

  it('is upgraded in place by a commit, although the agent is killed in the middle', async () => {
    reportOnFailure(site);
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
      return isAt(status, revision) && isReady(found?.conditions) && found?.observedVersion === kubernetesVersions.next;
    });
    expect(await nodeField('{.status.nodeInfo.kubeletVersion}')).toBe(kubernetesVersions.next);
    expect((await site.virsh('domuuid', 'lab-cp-1')).trim()).toBe(uuid);
    expect(await nodeField('{.status.nodeInfo.bootID}')).toBe(bootId);
    expect(await site.kubectl('lab', 'get', 'configmap', 'kept', '-o', 'jsonpath={.data.color}')).toBe('green');
    const backups = await site.host.must(['sh', '-c', 'ls /var/lib/kreconcile/backups/lab']);
    expect(backups).toMatch(/^backup-[0-9a-f]{8}-\d+$/m);
  });

  it('that leaves git is deleted with exactly its own domain and disks; a machine stays', async () => {
    reportOnFailure(site);
    await site.commit('the cluster goes', { 'lab.yaml': null });
    await until(
      'the domain is gone',
      15 * minutes,
      async () => !(await site.virsh('list', '--all', '--name')).includes('lab-cp-1'),
      1_000,
    );
    await until('its folder and kubeconfig are gone', 2 * minutes, async () => {
      const kubeconfigs = await site.host.must(['ls', '/var/lib/kreconcile/kubeconfigs']);
      return !(await imageFolders(site)).includes('lab-cp-1') && !kubeconfigs.includes('lab.kubeconfig');
    });
    expect(await domainNames(site)).toEqual(['one']);
    expect((await site.virsh('domstate', 'one')).trim()).toBe('running');
    expect(await site.virsh('net-dumpxml', 'default')).not.toContain('lab-cp-1');
  });

  function nodeField(path: string): Promise<string> {
    return site.kubectl('lab', 'get', 'node', 'lab-cp-1', '-o', `jsonpath=${path}`);
  }
});
