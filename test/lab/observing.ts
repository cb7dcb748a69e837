import { onTestFailed } from 'vitest';
import type { Condition, Status } from '../../src/model/status.ts';
import type { LabSite } from './site.ts';

/** Prints plan, agent's log and consoles when the test that calls this fails. */
export function reportOnFailure(site: LabSite): void {
  onTestFailed(async () => {
    process.stderr.write(`${await site.report()}\n`);
  });
}

/** Whether conditions say Ready. */
export function isReady(conditions: readonly Condition[] | undefined): boolean {
  return conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false;
}

/** Whether a revision is the one that is enforced. */
export function isAt(status: Status, revision: string): boolean {
  return status.source.lastGoodRevision === revision;
}

/** Names of all domains of the site, sorted. */
export async function domainNames(site: LabSite): Promise<readonly string[]> {
  return (await site.virsh('list', '--all', '--name')).trim().split('\n').sort();
}

/** Names in the images folder. */
export async function imageFolders(site: LabSite): Promise<readonly string[]> {
  return (await site.host.must(['ls', '/var/lib/libvirt/images/kreconcile'])).trim().split('\n');
}

/** Path of the machine's root disk as its definition has it. */
export async function rootDisk(site: LabSite, machine: string): Promise<string> {
  const line = (await site.virsh('domblklist', machine)).split('\n').find((entry) => entry.trim().startsWith('vda'));
  return line?.trim().split(/\s+/)[1] ?? '';
}

/** Ids of the members of the lab cluster's etcd. */
export async function etcdMembers(site: LabSite): Promise<readonly string[]> {
  const pki = '/etc/kubernetes/pki/etcd';
  const etcdctl = ['etcdctl', '--endpoints=https://127.0.0.1:2379', `--cacert=${pki}/ca.crt`];
  const credentials = [`--cert=${pki}/server.crt`, `--key=${pki}/server.key`];
  const exec = ['-n', 'kube-system', 'exec', 'etcd-lab-cp-1', '--', ...etcdctl, ...credentials, 'member', 'list'];
  const lines = (await site.kubectl('lab', ...exec)).trim().split('\n');
  return lines.map((line) => line.split(',')[0] ?? '');
}
