import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubernetesVersions } from './artifacts.ts';
import { brokenRelease } from './broken-release.ts';
import { clusterOf, type LabCluster, labCluster } from './cluster.ts';
import { images, kubeadmCluster, tinyMachine } from './manifests.ts';
import { domainNames, etcdMembers, imageFolders, reportOnFailure, rootDisk } from './observing.ts';
import { type LabSite, startSite } from './site.ts';
import { until } from './waiting.ts';

/**
 * The whole road with the real Kubernetes in a real cloud-init guest: created, upgraded, taken back, moved to a new root disk and deleted, by commits
 * alone and with the agent killed on the way. The tests follow each other on one cluster, and want the machine for themselves.
 */
const minutes = 60_000;
const { first, next } = kubernetesVersions;
let site: LabSite;
let cluster: LabCluster;

beforeAll(async () => {
  site = await startSite('kubernetes');
  cluster = labCluster(site);
  await site.startAgent();
});
afterAll(async () => {
  await site?.stop();
});

describe('a kubeadm cluster of one', () => {
  let bootId = '';
  let version: string = first;
  const kubeletVersion = () => cluster.nodeField('lab-cp-1', '{.status.nodeInfo.kubeletVersion}');
  const currentBoot = () => cluster.nodeField('lab-cp-1', '{.status.nodeInfo.bootID}');

  it('is created by a commit, although the agent is killed while its machine is made; kubectl works from the host', async () => {
    reportOnFailure(site);
    const revision = await site.commit('a cluster', {
      'images.yaml': images(site),
      'one.yaml': tinyMachine('one'),
      'lab.yaml': kubeadmCluster(site),
    });
    const isBeingMade = async () =>
      (await imageFolders(site)).includes('lab-cp-1') || (await domainNames(site)).includes('lab-cp-1');
    await until('the machine is being made', 10 * minutes, isBeingMade, 500);
    await cluster.crash();
    await cluster.untilAt(revision, first);
    expect((await domainNames(site)).filter((name) => name === 'lab-cp-1')).toHaveLength(1);
    expect(await site.kubectl('lab', 'get', '--raw', '/readyz')).toBe('ok');
    const ready = await cluster.nodeField('lab-cp-1', '{.status.conditions[?(@.type=="Ready")].status}');
    expect([ready, await kubeletVersion()]).toEqual(['True', first]);
    await cluster.remember();
    bootId = await currentBoot();
  });

  it('asks for nothing more when it is there', async () => {
    reportOnFailure(site);
    // A control plane that has just come up may still miss a probe now and then.
    const isAtRest = async () => (await site.kreconcile(['plan', '--detailed-exitcode'])).exitCode === 0;
    await until('the plan is empty', 10 * minutes, isAtRest, 5_000);
  });

  it('goes back with its data when the new kubelet does not serve, although the agent is killed in the middle', async () => {
    reportOnFailure(site);
    const folder = join(site.root, 'broken');
    await brokenRelease(join(site.artifacts.mirrorFolder, 'kubernetes'), folder, next);
    const kubernetesMirror = await site.host.serve(folder, 8083);
    const timeouts = { ready: '4m' };
    const change = { version: next, kubernetesMirror, timeouts };
    const revision = await cluster.commit('a newer Kubernetes whose kubelet is broken', change);
    await cluster.untilUpgrading();
    await cluster.crash();
    const status = await cluster.untilTakenBack(revision);
    expect(clusterOf(status)?.observedVersion).toBe(first);
    expect(await kubeletVersion()).toBe(first);
    expect(await site.kubectl('lab', 'get', '--raw', '/readyz')).toBe('ok');
    await cluster.expectSame();
  });

  it('is upgraded in place when the cause is mended and a person says retry, although the agent is killed in the middle', async () => {
    reportOnFailure(site);
    const revision = await cluster.commit('a newer Kubernetes', { version: next });
    const isKnown = async () => (await site.status())?.source.lastGoodRevision === revision;
    await until('the mended commit is known', 5 * minutes, isKnown, 500);
    const retried = await site.kreconcile(['retry', 'Cluster/lab']);
    expect(retried.exitCode, retried.stdout + retried.stderr).toBe(0);
    await cluster.untilUpgrading();
    await cluster.crash();
    await cluster.untilAt(revision, next);
    version = next;
    expect(await kubeletVersion()).toBe(next);
    expect(await currentBoot()).toBe(bootId);
    await cluster.expectSame();
    const backups = await site.host.must(['sh', '-c', 'ls /var/lib/kreconcile/backups/lab']);
    expect(backups).toMatch(/^backup-[0-9a-f]{8}-\d+$/m);
  });

  it('gets a new root disk and configuration by a commit and stays the same cluster, although the agent is killed twice', async () => {
    reportOnFailure(site);
    const members = await etcdMembers(site);
    const root = await rootDisk(site, 'lab-cp-1');
    const configured = { maxPods: 77, eventTtl: '2h0m0s' };
    const revision = await cluster.commit('a newer image', { version, image: 'debian-12-next', ...configured });
    const isOff = async () => (await site.virsh('domstate', 'lab-cp-1')).trim() === 'shut off';
    await until('the machine is off', 30 * minutes, isOff, 500);
    await cluster.crash();
    const hasNewRoot = async () => (await rootDisk(site, 'lab-cp-1')) !== root;
    await until('it has its new root', 15 * minutes, hasNewRoot, 500);
    await cluster.crash();
    await cluster.untilAt(revision, version);
    const digest = site.artifacts.debianNext.checksum.slice('sha256:'.length);
    expect(await site.virsh('dumpxml', 'lab-cp-1')).toContain(digest);
    expect(await currentBoot()).not.toBe(bootId);
    expect(await etcdMembers(site)).toEqual(members);
    await cluster.expectSame();
    expect(await cluster.nodeField('lab-cp-1', '{.status.capacity.pods}')).toBe('77');
    const apiServer = ['-n', 'kube-system', 'get', 'pod', 'kube-apiserver-lab-cp-1', '-o', 'yaml'];
    expect(await site.kubectl('lab', ...apiServer)).toContain('--event-ttl=2h0m0s');
  });

  it('that leaves git is deleted with exactly its own domain and disks; a machine stays', async () => {
    reportOnFailure(site);
    await site.commit('the cluster goes', { 'lab.yaml': null });
    const isGone = async () => !(await domainNames(site)).includes('lab-cp-1');
    await until('the domain is gone', 15 * minutes, isGone, 1_000);
    await until('its folder and kubeconfig are gone', 2 * minutes, async () => {
      const kubeconfigs = await site.host.must(['ls', '/var/lib/kreconcile/kubeconfigs']);
      return !(await imageFolders(site)).includes('lab-cp-1') && !kubeconfigs.includes('lab.kubeconfig');
    });
    expect(await domainNames(site)).toEqual(['one']);
    expect((await site.virsh('domstate', 'one')).trim()).toBe('running');
    expect(await site.virsh('net-dumpxml', 'default')).not.toContain('lab-cp-1');
  });
});
