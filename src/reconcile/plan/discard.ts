import type { Domain, MachineFolder } from '../../model/observed.ts';
import { type Draft, draftFor } from './draft.ts';
import type { Facts } from './facts.ts';

/**
 * Removes what was prepared for machines that nobody wanted any more before they were made: it bears no mark, and its seed holds secrets. A folder is
 * ours where it says so itself, and left while its machine is wanted or there, or anybody's domain stands on it.
 */
export function planDiscards(facts: Facts): readonly Draft[] {
  const { desired, inventory, machines, uuids, domainsByName, domainsByUuid } = facts;
  if (desired.documents === 0) return [];
  return inventory.folders.flatMap((folder) => {
    const { machine: name, unmade } = folder;
    if (unmade?.owner !== desired.owner || machines.has(name) || uuids.has(unmade.uuid)) return [];
    const isThere = domainsByName.has(name) || domainsByUuid.has(unmade.uuid);
    if (isThere || inventory.domains.some((domain) => standsOn(domain, folder))) return [];
    const draft = draftFor(facts, { kind: 'Machine', name }, null);
    draft.step({
      id: `machine/${name}/discard`,
      title: `remove what was prepared for ${name}`,
      reason: 'the machine was never made and is not wanted any more',
      destructive: true,
      action: { kind: 'discard-disks', machine: name, uuid: unmade.uuid },
    });
    return [draft];
  });
}

function standsOn({ live, next }: Domain, { machine }: MachineFolder): boolean {
  return [...(live?.disks ?? []), ...next.disks].some(({ path }) => path.includes(`/${machine}/`));
}
