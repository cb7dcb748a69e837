import { changedFields } from '../../src/reconcile/plan/change.ts';
import { clusterData, markOf, ownDomain, type Scene } from './scene.ts';

/** What must hold whenever everything has come to rest and nobody holds anything back. */
interface RestInvariant {
  readonly name: string;
  check(scene: Scene): string | null;
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

const drift: RestInvariant = {
  name: 'what somebody changed is taken back where that was asked for',
  check({ state, desired }) {
    for (const machine of desired.machines) {
      const domain = ownDomain(state, machine.name);
      const mark = domain && markOf(domain);
      if (machine.drift.mode !== 'correct' || machine.suspended || mark?.provenAtMs == null || mark.isSettling)
        continue;
      if (changedFields(mark.spec, machine.spec).length > 0 || !domain) continue;
      const { cpus, memoryMiB } = domain.next;
      if (cpus !== mark.spec.cpus || memoryMiB !== mark.spec.memoryMiB)
        return `${machine.name} is defined with ${cpus} vCPUs and ${memoryMiB} MiB`;
    }
    return null;
  },
};

const certificates: RestInvariant = {
  name: 'certificates are renewed in time',
  check({ state, desired }) {
    for (const cluster of desired.clusters) {
      const data = clusterData(state, cluster);
      const node = data?.nodes[cluster.controlPlanes[0] ?? ''];
      const domain = node && state.domains[node.machine];
      if (!data || !node?.ready || node.cordonedByUs || !domain?.run?.apiReady || cluster.suspended) continue;
      const machine = desired.machines.find(({ name }) => name === node.name);
      const leftDays = (data.certificates.expireAtMs - state.atMs) / DAY_MS;
      const isWaiting = (machine?.windows.length ?? 0) > 0 && leftDays > 7;
      if (leftDays < 30 && !isWaiting && cluster.powerState === 'On')
        return `those of ${cluster.name} expire in ${leftDays.toFixed(1)} days`;
    }
    return null;
  },
};

const requests: RestInvariant = {
  name: 'a backup that was asked for is taken',
  check({ state, desired, disk }) {
    for (const { cluster: name, atMs } of disk.records.backupRequests ?? []) {
      const cluster = desired.clusters.find((entry) => entry.name === name);
      const node = cluster && clusterData(state, cluster)?.nodes[cluster.controlPlanes[0] ?? ''];
      if (!cluster || !node?.ready || node.cordonedByUs || cluster.suspended || cluster.powerState === 'Off') continue;
      const domain = ownDomain(state, node.name);
      const mark = domain && markOf(domain);
      if (mark?.provenAtMs == null || mark.spec.kubernetes?.version !== node.version) continue;
      const isMet = disk.records.backups.some(
        (backup) => backup.cluster === name && backup.verified && backup.atMs >= atMs - MINUTE_MS,
      );
      if (!isMet) return `that of ${name} from ${new Date(atMs).toISOString()} is not there`;
    }
    return null;
  },
};

const returned: RestInvariant = {
  name: 'a cluster that a person wants back is back',
  check({ disk, desired }) {
    const open = disk.records.restorations?.find(({ cluster, machine }) => {
      const wanted = desired.clusters.find(({ name }) => name === cluster);
      const isOn = desired.machines.some(({ name, powerState }) => name === machine && powerState === 'On');
      return wanted && isOn && !wanted.suspended;
    });
    return open ? `${open.cluster} is still to be restored from ${open.backup}` : null;
  },
};

const restInvariants: readonly RestInvariant[] = [drift, certificates, requests, returned];

/** The first that does not hold; `null`: all do. */
export function wrongAtRest(scene: Scene): string | null {
  for (const { name, check } of restInvariants) {
    const wrong = check(scene);
    if (wrong !== null) return `${name}: ${wrong}`;
  }
  return null;
}
