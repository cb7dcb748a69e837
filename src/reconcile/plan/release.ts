import { machineMac, machineUuid } from '../desire/identity.ts';
import { type Draft, draftFor } from './draft.ts';
import type { Facts } from './facts.ts';

/**
 * Gives addresses back that were set apart for machines which nobody wanted any more before they were made: nothing else would ever release them. An
 * entry is ours where its MAC is the one that follows from our owner and its name, and left while its machine is wanted or there.
 */
export function planReleases(facts: Facts): readonly Draft[] {
  const { desired, inventory, machines, domainsByName, domainsByUuid } = facts;
  if (desired.documents === 0) return [];
  return inventory.networks.flatMap((network) =>
    network.reservations.flatMap(({ mac, address, name }) => {
      if (name === null || machines.has(name) || domainsByName.has(name)) return [];
      const uuid = machineUuid(desired.owner, name);
      if (mac.toLowerCase() !== machineMac(uuid) || domainsByUuid.has(uuid)) return [];
      const draft = draftFor(facts, { kind: 'Machine', name }, null);
      draft.step({
        id: `machine/${name}/release`,
        title: `release ${address} of ${name}`,
        reason: 'it was set apart for a machine that was never made and is not wanted any more',
        action: { kind: 'release-address', machine: name, network: network.name, mac, address },
      });
      return [draft];
    }),
  );
}
