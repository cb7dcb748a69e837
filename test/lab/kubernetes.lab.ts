import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClusterStatus, Status } from '../../src/model/status.ts';
import { kubernetesVersions } from './artifacts.ts';
import { brokenRelease } from './broken-release.ts';
import { type ClusterChange, images, kubeadmCluster, tinyMachine } from './manifests.ts';
import { domainNames, etcdMembers, imageFolders, isAt, isReady, reportOnFailure, rootDisk } from './observing.ts';
import { type LabSite, startSite } from './site.ts';
import { until } from './waiting.ts';

/**
 * The whole road with the real Kubernetes in a real cloud-init guest: created, upgraded, taken back, moved to a new root disk and deleted, by commits
 * alone and with the agent killed on the way. The tests follow each other on one cluster, and want the machine for themselves.
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
  let authority = '';
  let version: string = kubernetesVersions.first;

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
    await crash();
    await untilAt(revision, kubernetesVersions.first);
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
    authority = await clusterAuthority();
  });

  it('holds no first-boot secret in its seed, and asks for nothing more', async () => {
    reportOnFailure(site);
    // A control plane that has just come up may still miss a probe now and then.
    const isAtRest = async () => (await site.kreconcile(['plan', '--detailed-exitcode'])).exitCode === 0;
    await until('the plan is empty', 10 * minutes, isAtRest, 5_000);
  });

  it('goes back with its data when the new kubelet does not serve, although the agent is killed in the middle', async () => {
    reportOnFailure(site);
    const folder = join(site.root, 'broken');
    await brokenRelease(join(site.artifacts.mirrorFolder, 'kubernetes'), folder, kubernetesVersions.next);
    const kubernetesMirror = await site.host.serve(folder, 8083);
    const revision = await commitCluster('a newer Kubernetes whose kubelet is broken', {
      version: kubernetesVersions.next,
      kubernetesMirror,
      timeouts: { ready: '4m' },
    });
    await untilUpgrading();
    await crash();
    const status = await site.untilStatus('it has gone back', 60 * minutes, (now) => {
      const isBlocked = now.blocks.some((block) => block.guard === 'Quarantined');
      return isAt(now, revision) && isBlocked && isReady(clusterOf(now)?.conditions);
    });
    expect(clusterOf(status)?.conditions).toContainEqual(expect.objectContaining({ reason: 'RolledBack' }));
    expect(clusterOf(status)?.observedVersion).toBe(kubernetesVersions.first);
    expect(await nodeField('{.status.nodeInfo.kubeletVersion}')).toBe(kubernetesVersions.first);
    await expectSameCluster();
  });

  it('is upgraded in place when the cause is mended and a person says retry, although the agent is killed in the middle', async () => {
    reportOnFailure(site);
    const revision = await commitCluster('a newer Kubernetes', { version: kubernetesVersions.next });
    await site.untilStatus('the mended commit is known', 5 * minutes, (status) => isAt(status, revision));
    const retried = await site.kreconcile(['retry', 'Cluster/lab']);
    expect(retried.exitCode, retried.stdout + retried.stderr).toBe(0);
    await untilUpgrading();
    await crash();
    await untilAt(revision, kubernetesVersions.next);
    version = kubernetesVersions.next;
    expect(await nodeField('{.status.nodeInfo.kubeletVersion}')).toBe(kubernetesVersions.next);
    expect(await nodeField('{.status.nodeInfo.bootID}')).toBe(bootId);
    await expectSameCluster();
    const backups = await site.host.must(['sh', '-c', 'ls /var/lib/kreconcile/backups/lab']);
    expect(backups).toMatch(/^backup-[0-9a-f]{8}-\d+$/m);
  });

  it('gets a new root disk by a commit and stays the same cluster, although the agent is killed twice', async () => {
    reportOnFailure(site);
    const members = await etcdMembers(site);
    const root = await rootDisk(site, 'lab-cp-1');
    const revision = await commitCluster('a newer image', { version, image: 'debian-12-next' });
    const isOff = async () => (await site.virsh('domstate', 'lab-cp-1')).trim() === 'shut off';
    await until('the machine is off', 30 * minutes, isOff, 500);
    await crash();
    const hasNewRoot = async () => (await rootDisk(site, 'lab-cp-1')) !== root;
    await until('it has its new root', 15 * minutes, hasNewRoot, 500);
    await crash();
    await untilAt(revision, version);
    expect(await site.virsh('dumpxml', 'lab-cp-1')).toContain(
      site.artifacts.debianNext.checksum.slice('sha256:'.length),
    );
    expect(await nodeField('{.status.nodeInfo.bootID}')).not.toBe(bootId);
    expect(await etcdMembers(site)).toEqual(members);
    await expectSameCluster();
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

  /** What no change may take away: the domain, its certificate authority, and an object that was made at first. */
  async function expectSameCluster(): Promise<void> {
    expect((await site.virsh('domuuid', 'lab-cp-1')).trim()).toBe(uuid);
    expect(await clusterAuthority()).toBe(authority);
    expect(await site.kubectl('lab', 'get', 'configmap', 'kept', '-o', 'jsonpath={.data.color}')).toBe('green');
  }

  function clusterAuthority(): Promise<string> {
    const path = '{.clusters[0].cluster.certificate-authority-data}';
    return site.kubectl('lab', 'config', 'view', '--raw', '-o', `jsonpath=${path}`);
  }

  async function crash(): Promise<void> {
    await site.killAgent();
    await site.startAgent();
  }

  function commitCluster(message: string, change: ClusterChange): Promise<string> {
    return site.commit(message, { 'lab.yaml': kubeadmCluster(site, change) });
  }

  function clusterOf(status: Status): ClusterStatus | undefined {
    return status.clusters.find((entry) => entry.name === 'lab');
  }

  async function untilUpgrading(): Promise<void> {
    const id = 'machine/lab-cp-1/upgrade/done';
    const isUnderWay = (status: Status) => status.waits.some((wait) => wait.id === id && wait.detail !== '');
    await site.untilStatus('the upgrade is under way', 40 * minutes, isUnderWay);
  }

  async function untilAt(revision: string, version: string): Promise<void> {
    await site.untilStatus(`the cluster is ready at ${version}`, 60 * minutes, (status) => {
      const found = clusterOf(status);
      return isAt(status, revision) && isReady(found?.conditions) && found?.observedVersion === version;
    });
  }

  function nodeField(path: string): Promise<string> {
    return site.kubectl('lab', 'get', 'node', 'lab-cp-1', '-o', `jsonpath=${path}`);
  }
});
