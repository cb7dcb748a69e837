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
