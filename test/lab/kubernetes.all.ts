import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Status } from '../../src/model/status.ts';
import { kubernetesVersions } from './artifacts.ts';
import { type LabCluster, labCluster } from './cluster.ts';
import { images, kubeadmCluster } from './manifests.ts';
import { reportOnFailure, rootDisk } from './observing.ts';
import { type LabSite, startSite } from './site.ts';
import { until } from './waiting.ts';

/** What takes too long for each change: an image that does not boot, a cluster brought back from a backup, a worker. `npm run test:lab -- --all`. */
const minutes = 60_000;
const { first, next } = kubernetesVersions;
let site: LabSite;
let cluster: LabCluster;

beforeAll(async () => {
  site = await startSite('all');
  cluster = labCluster(site);
  await site.startAgent();
});
afterAll(async () => {
  await site?.stop();
});

/** Whether somebody is away for an upgrade of ours: between the beginning of the act and the proof. */
function isAway(status: Status, node: string): boolean {
  const ids = ['upgrade/done', 'healthy'].map((stage) => `machine/${node}/${stage}`);
  return status.waits.some((wait) => ids.includes(wait.id) && wait.detail !== '');
}

describe('a kubeadm cluster that meets with misfortune', () => {
  it('is created', async () => {
    reportOnFailure(site);
    const files = { 'images.yaml': images(site), 'lab.yaml': kubeadmCluster(site) };
    await cluster.untilAt(await site.commit('a cluster', files), first);
    await cluster.remember();
  });

  it('returns to its root disk from before when the new image does not boot; a mended image converges', async () => {
    reportOnFailure(site);
    const root = await rootDisk(site, 'lab-cp-1');
    const timeouts = { boot: '4m' };
    const broken = await cluster.commit('an image that does not boot', { image: 'debian-12-broken', timeouts });
    await cluster.untilTakenBack(broken);
    expect(await rootDisk(site, 'lab-cp-1')).toBe(root);
    await cluster.expectSame();
    const plan = await site.kreconcile(['plan']);
    expect(plan.stdout).toMatch(/Quarantined/);
    await cluster.untilAt(await cluster.commit('an image that boots', { image: 'debian-12-next' }), first);
    expect(await rootDisk(site, 'lab-cp-1')).not.toBe(root);
    await cluster.expectSame();
  });

  it('comes back from a backup after its domain and disks were removed', async () => {
    reportOnFailure(site);
    const backup = await site.kreconcile(['backup', 'lab', '--wait', '--timeout', '30m'], 40 * minutes);
    expect(backup.exitCode, backup.stdout + backup.stderr).toBe(0);
    await site.virsh('destroy', 'lab-cp-1');
    await site.virsh('undefine', 'lab-cp-1', '--nvram', '--managed-save');
    await site.host.must(['rm', '-rf', '/var/lib/libvirt/images/kreconcile/lab-cp-1']);
    const isTold = async () => (await site.status())?.blocks.some((block) => block.guard === 'ClusterLost') ?? false;
    await until('the loss is told, and nothing blank is made', 5 * minutes, isTold, 500);
    const restored = await site.kreconcile(['restore', 'lab', 'latest']);
    expect(restored.exitCode, restored.stdout + restored.stderr).toBe(0);
    const revision = (await site.status())?.source.lastGoodRevision ?? '';
    const isBack = (status: Status) => !status.blocks.some((block) => block.guard === 'ClusterLost');
    await site.untilStatus('the restoration is under way', 5 * minutes, isBack);
    await cluster.untilAt(revision, first);
    await cluster.expectSame();
  });

  it('takes a worker in and upgrades both, never both away', async () => {
    reportOnFailure(site);
    const shape = { image: 'debian-12-next', workers: 1 } as const;
    await cluster.untilAt(await cluster.commit('a worker', shape), first);
    const readyOf = (node: string) => cluster.nodeField(node, '{.status.conditions[?(@.type=="Ready")].status}');
    await until('the worker is Ready', 30 * minutes, async () => (await readyOf('lab-general-1')) === 'True', 5_000);
    const revision = await cluster.commit('a newer Kubernetes', { ...shape, version: next });
    const together: string[] = [];
    await site.untilStatus('both are upgraded', 90 * minutes, (status) => {
      if (isAway(status, 'lab-cp-1') && isAway(status, 'lab-general-1')) together.push(new Date().toISOString());
      const found = status.clusters.find((entry) => entry.name === 'lab');
      return (
        status.source.lastGoodRevision === revision && found?.observedVersion === next && status.pendingSteps === 0
      );
    });
    expect(together).toEqual([]);
    for (const node of ['lab-cp-1', 'lab-general-1'])
      expect(await cluster.nodeField(node, '{.status.nodeInfo.kubeletVersion} {.spec.unschedulable}')).toBe(`${next} `);
    await cluster.expectSame();
  });
});
