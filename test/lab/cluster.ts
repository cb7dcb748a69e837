import { expect } from 'vitest';
import type { ClusterStatus, Status } from '../../src/model/status.ts';
import { type ClusterChange, kubeadmCluster } from './manifests.ts';
import { isAt, isReady } from './observing.ts';
import type { LabSite } from './site.ts';

const minutes = 60_000;

/** The lab's cluster on a site: commits to it, what is observed of it, and what no change may take away. */
export interface LabCluster {
  /** Commits the cluster's manifest; returns the revision. */
  commit(message: string, change: ClusterChange): Promise<string>;
  /** SIGKILL, and a new agent. */
  crash(): Promise<void>;
  /** Until the revision is enforced, the cluster Ready, and every node at the version. */
  untilAt(revision: string, version: string): Promise<Status>;
  /** Until the revision is enforced, its change was taken back, and nothing more is to be done. */
  untilTakenBack(revision: string): Promise<Status>;
  /** Until the upgrade runs in the control plane. */
  untilUpgrading(): Promise<void>;
  nodeField(node: string, path: string): Promise<string>;
  /** Makes an object, and takes down what makes this cluster this cluster. */
  remember(): Promise<void>;
  /** The object is there, the certificate authority and the domain are the same. */
  expectSame(): Promise<void>;
}

export function labCluster(site: LabSite): LabCluster {
  let uuid = '';
  let authority = '';
  const clusterAuthority = () => {
    const path = '{.clusters[0].cluster.certificate-authority-data}';
    return site.kubectl('lab', 'config', 'view', '--raw', '-o', `jsonpath=${path}`);
  };
  return {
    commit: (message, change) => site.commit(message, { 'lab.yaml': kubeadmCluster(site, change) }),
    async crash() {
      await site.killAgent();
      await site.startAgent();
    },
    untilAt: (revision, version) =>
      site.untilStatus(`the cluster is ready at ${version}`, 60 * minutes, (status) => {
        const found = clusterOf(status);
        return isAt(status, revision) && isReady(found?.conditions) && found?.observedVersion === version;
      }),
    async untilTakenBack(revision) {
      const isBack = (now: Status) =>
        clusterOf(now)?.conditions.some(({ reason }) => reason === 'RolledBack') === true && now.pendingSteps === 0;
      const status = await site.untilStatus(
        'it has gone back',
        60 * minutes,
        (now) => isAt(now, revision) && isBack(now),
      );
      expect(status.blocks.map((block) => block.guard)).toEqual(['Quarantined']);
      return status;
    },
    async untilUpgrading() {
      const id = 'machine/lab-cp-1/upgrade/done';
      const isUnderWay = (status: Status) => status.waits.some((wait) => wait.id === id && wait.detail !== '');
      await site.untilStatus('the upgrade is under way', 40 * minutes, isUnderWay);
    },
    nodeField: (node, path) => site.kubectl('lab', 'get', 'node', node, '-o', `jsonpath=${path}`),
    async remember() {
      await site.kubectl('lab', 'create', 'configmap', 'kept', '--from-literal=color=green');
      uuid = (await site.virsh('domuuid', 'lab-cp-1')).trim();
      authority = await clusterAuthority();
    },
    async expectSame() {
      expect((await site.virsh('domuuid', 'lab-cp-1')).trim()).toBe(uuid);
      expect(await clusterAuthority()).toBe(authority);
      expect(await site.kubectl('lab', 'get', 'configmap', 'kept', '-o', 'jsonpath={.data.color}')).toBe('green');
    },
  };
}

/** The lab's cluster in a status. */
export function clusterOf(status: Status): ClusterStatus | undefined {
  return status.clusters.find((entry) => entry.name === 'lab');
}
