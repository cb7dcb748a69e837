import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HistoryEntry } from '../../src/model/history.ts';
import type { Status } from '../../src/model/status.ts';
import { kubernetesVersions } from './artifacts.ts';
import { clusterOf, type LabCluster, labCluster } from './cluster.ts';
import { runInGuest } from './guest-shell.ts';
import { images, kubeadmCluster } from './manifests.ts';
import { isAt, isReady, reportOnFailure, rootDisk } from './observing.ts';
import { type LabSite, startSite } from './site.ts';
import { until } from './waiting.ts';

/**
 * What takes too long for each change: an image that does not boot, a cluster brought back from a backup, a worker, an API server that does not
 * serve. `npm run test:lab -- --all`.
 */
const minutes = 60_000;
const days = 1_440 * minutes;
const { first, next } = kubernetesVersions;
const shape = { image: 'debian-12-next', workers: 1 } as const;
const worker = 'lab-general-1';
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

/** When a step was done, each time, in milliseconds since 1970. */
async function doneAt(step: string): Promise<readonly number[]> {
  const answer = await site.kreconcile(['history', 'Cluster/lab', '--output', 'json']);
  const steps = (JSON.parse(answer.stdout) as readonly HistoryEntry[]).flatMap((entry) => entry.steps);
  return steps.filter((line) => line.step === step && line.error === null).map(({ atMs }) => atMs);
}

describe('a kubeadm cluster that meets with misfortune', () => {
  it('is created', async () => {
    reportOnFailure(site);
    const files = { 'images.yaml': images(site), 'lab.yaml': kubeadmCluster(site) };
    await cluster.untilAt(await site.commit('a cluster', files), first);
    await cluster.remember();
  });

  it('has certificates that soon expire renewed, and its kubeconfig published anew', async () => {
    reportOnFailure(site);
    const published = () => site.host.must(['cat', '/var/lib/kreconcile/kubeconfigs/lab.kubeconfig']);
    const before = await published();
    const leftMs = async () =>
      (clusterOf(await site.untilStatus('it is told', minutes, isTold))?.certificatesExpireAtMs ?? 0) - Date.now();
    const isTold = (status: Status) => clusterOf(status)?.certificatesExpireAtMs != null;
    expect(await leftMs()).toBeGreaterThan(300 * days);
    const config = [
      'apiVersion: kubeadm.k8s.io/v1beta4',
      'kind: ClusterConfiguration',
      `kubernetesVersion: ${first}`,
      'certificateValidityPeriod: 240h0m0s',
    ];
    const renew = 'kubeadm certs renew apiserver-kubelet-client --config /run/short.yaml';
    await runInGuest(
      site,
      'lab-cp-1',
      `printf '%s\\n' '${config.join("' '")}' >/run/short.yaml; PATH=$PATH:/usr/local/bin ${renew}`,
    );
    const isBegun = async () => (await doneAt('machine/lab-cp-1/renew-certificates')).length === 1;
    await until('their renewal is begun', 30 * minutes, isBegun, 1_000);
    await until('they are renewed', 30 * minutes, async () => (await leftMs()) > 300 * days, 1_000);
    await until('the kubeconfig is published anew', 10 * minutes, async () => (await published()) !== before, 1_000);
    await site.untilStatus('the cluster is ready', 30 * minutes, (status) => isReady(clusterOf(status)?.conditions));
    expect(await site.kubectl('lab', 'get', '--raw', '/readyz')).toBe('ok');
    await cluster.expectSame();
    expect(await doneAt('machine/lab-cp-1/renew-certificates')).toHaveLength(1);
  });

  it('returns to its root disk from before when the new image does not boot; a mended image converges', async () => {
    reportOnFailure(site);
    const root = await rootDisk(site, 'lab-cp-1');
    const timeouts = { boot: '4m' };
    const broken = await cluster.commit('an image that does not boot', {
      image: 'debian-12-broken',
      timeouts,
    });
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

  it('takes a worker in', async () => {
    reportOnFailure(site);
    await cluster.untilAt(await cluster.commit('a worker', shape), first);
    const readyOf = (node: string) => cluster.nodeField(node, '{.status.conditions[?(@.type=="Ready")].status}');
    await until('the worker is Ready', 30 * minutes, async () => (await readyOf(worker)) === 'True', 5_000);
  });

  it('goes back with its data when the new API server does not serve; the worker is not touched', async () => {
    reportOnFailure(site);
    const image = `registry.k8s.io/kube-apiserver:${next}`;
    const ctr = 'PATH=$PATH:/usr/local/bin ctr -n k8s.io images';
    // The release's image under its name, but with nothing in it that could serve.
    const pause = `$(${ctr} ls -q | grep /pause: | head -n 1)`;
    await runInGuest(site, 'lab-cp-1', `${ctr} tag ${image} lab.test/kept:1; ${ctr} tag --force ${pause} ${image}`);
    const bootId = await cluster.nodeField(worker, '{.status.nodeInfo.bootID}');
    // Given up soon enough to be worth waiting for. Where a serving one needs longer, `upgrades both` has the time.
    const change = { ...shape, version: next, timeouts: { ready: '6m' }, manifestsTimeout: '8m0s' };
    const revision = await cluster.commit('a newer Kubernetes whose API server is broken', change);
    const status = await cluster.untilTakenBack(revision);
    expect(clusterOf(status)?.observedVersion).toBe(first);
    expect(await site.kubectl('lab', 'get', '--raw', '/readyz')).toBe('ok');
    for (const node of ['lab-cp-1', worker])
      expect(await cluster.nodeField(node, '{.status.nodeInfo.kubeletVersion} {.spec.unschedulable}')).toBe(
        `${first} `,
      );
    expect(await cluster.nodeField(worker, '{.status.nodeInfo.bootID}')).toBe(bootId);
    await cluster.expectSame();
    await runInGuest(site, 'lab-cp-1', `${ctr} tag --force lab.test/kept:1 ${image}`);
  });

  it('upgrades both once the cause is mended, never both away', async () => {
    reportOnFailure(site);
    const revision = await cluster.commit('a newer Kubernetes', { ...shape, version: next });
    const isKnown = async () => (await site.status())?.source.lastGoodRevision === revision;
    await until('the mended commit is known', 5 * minutes, isKnown, 500);
    const retried = await site.kreconcile(['retry', 'Cluster/lab']);
    expect(retried.exitCode, retried.stdout + retried.stderr).toBe(0);
    await site.untilStatus('both are upgraded', 90 * minutes, (status) => {
      return isAt(status, revision) && clusterOf(status)?.observedVersion === next && status.pendingSteps === 0;
    });
    // The control plane was proven and noted before anything of the worker was disturbed.
    const proven = Math.max(...(await doneAt('machine/lab-cp-1/record')));
    expect(proven).toBeLessThan(Math.min(...(await doneAt(`machine/${worker}/cordon`))));
    for (const node of ['lab-cp-1', worker])
      expect(await cluster.nodeField(node, '{.status.nodeInfo.kubeletVersion} {.spec.unschedulable}')).toBe(`${next} `);
    await cluster.expectSame();
  });
});
