import { compareBuild, parse } from 'semver';
import type { DesiredCluster } from '../../model/desired.ts';
import { objectKey } from '../../model/mark.ts';
import type { ClusterStatus, MachineStatus } from '../../model/status.ts';
import { conditionsOf, type Health, type Share } from './conditions.ts';
import { machineHealth, unknown, unwell, well } from './machine.ts';
import { freshWord, lastWord, type Scene } from './scene.ts';

/** Clusters in the order of their names; `machines` are the statuses of this pass. */
export function clusterStatuses(scene: Scene, machines: readonly MachineStatus[]): readonly ClusterStatus[] {
  const { suspensions, kubeconfigs } = scene.observed.records;
  return scene.desired.clusters.map((cluster) => {
    const { name, distribution, version } = cluster;
    const own = machines.filter((machine) => machine.cluster === name && machine.desiredVersion !== null);
    const isPublished = kubeconfigs.some((entry) => entry.cluster === name);
    return {
      name,
      distribution,
      desiredVersion: version,
      observedVersion: lowest(own.map(({ observedVersion }) => observedVersion)),
      conditions: conditions(scene, name, clusterHealth(scene, cluster, isPublished)),
      kubeconfig: isPublished ? scene.kubeconfigPath(name) : null,
      certificatesExpireAtMs: earliestExpiry(scene, cluster),
      suspended: cluster.suspended || `Cluster/${name}` in suspensions || 'agent' in suspensions,
    };
  });
}

/** How a cluster is by itself: its API, then its nodes, then what is published of it. */
function clusterHealth(scene: Scene, cluster: DesiredCluster, isPublished: boolean): Health {
  const { inventory } = scene.observed;
  if (!inventory.known) return unknown('HypervisorUnreachable', 'the hypervisor cannot be read');
  const names = [...cluster.controlPlanes, ...cluster.workers];
  const machines = scene.desired.machines.filter(({ name }) => names.includes(name));
  const healths = machines.map((machine) => ({ name: machine.name, ...machineHealth(scene, machine, cluster) }));
  if (cluster.powerState === 'On' && !healths.some(({ reason }) => reason === 'NotCreated')) {
    const api = cluster.controlPlanes.map((name) => freshWord(scene, name)?.kubernetes?.apiReady ?? null);
    if (api.every((ready) => ready === false)) return unwell('ApiNotReady', 'the API server is not ready');
  }
  const bad = healths.find(({ status }) => status === 'False') ?? healths.find(({ status }) => status === 'Unknown');
  if (bad) {
    const good = healths.filter(({ status }) => status === 'True').length;
    const message = `${good} of ${healths.length} machines are as desired; ${bad.name}: ${bad.message}`;
    return { status: bad.status, reason: bad.reason, message };
  }
  if (cluster.powerState === 'Off') return well('PoweredOff', 'switched off, as desired');
  if (!isPublished) return unwell('KubeconfigMissing', 'the kubeconfig is not published yet');
  return well('ReconciliationSucceeded', `all ${healths.length} nodes are Ready at ${cluster.version}`);
}

/** A cluster's share of the plan is its own and that of its machines. */
function conditions(scene: Scene, name: string, health: Health): ClusterStatus['conditions'] {
  const key = `Cluster/${name}`;
  const isIts = (entry: Share['waits'][number] | Share['steps'][number] | Share['blocks'][number]) =>
    (entry.object !== null && objectKey(entry.object) === key) ||
    (entry.target.kind === 'Cluster' && entry.target.name === name);
  const { steps, waits, blocks } = scene.plan;
  const share: Share = { steps: steps.filter(isIts), waits: waits.filter(isIts), blocks: blocks.filter(isIts) };
  const before = scene.previous?.clusters.find((cluster) => cluster.name === name)?.conditions ?? [];
  return conditionsOf(health, share, before, scene.nowMs);
}

function earliestExpiry(scene: Scene, { controlPlanes }: DesiredCluster): number | null {
  const times = controlPlanes.flatMap((name) => lastWord(scene, name)?.kubernetes?.certificatesExpireAtMs ?? []);
  return times.length === 0 ? null : Math.min(...times);
}

/** What is no version counts as unknown: guests say what they like. */
function lowest(versions: readonly (string | null)[]): string | null {
  const known = versions.filter((version): version is string => version !== null && parse(version) !== null);
  return known.sort(compareBuild)[0] ?? null;
}
