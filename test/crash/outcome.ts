import type { Mark } from '../../src/model/mark.ts';
import type { SimRoot, WorldState } from '../../src/sim/state.ts';
import { picture } from '../reconcile/picture.ts';
import type { Rollout } from '../reconcile/rollout.ts';
import { markOf } from './scene.ts';

/** Where a history ended, as it truly is on the host and as the agent tells it: without times, generations, addresses of DHCP and attempts. */
export async function outcomeOf(rollout: Rollout): Promise<Readonly<Record<string, unknown>>> {
  const told = (await picture(rollout)) as Readonly<Record<string, unknown>>;
  const state = await rollout.world.look((hand) => hand.state);
  return structuredClone({
    ...told,
    domains: sortedByName(told['domains'] as readonly { readonly name: string; readonly mark: Mark | null }[]).map(
      (domain) => ({ ...domain, mark: lastingPart(domain.mark) }),
    ),
    reservations: reservationsOf(state),
    stateDisks: null,
    guests: sortedGuests(told['guests']),
    machines: machinesOf(state),
    clusters: clustersOf(state),
  });
}

/** What was tried and taken back on the way says nothing about the end. */
function lastingPart(mark: Mark | null): unknown {
  if (mark === null || typeof mark !== 'object') return mark;
  const { previous: _root, quarantined: _tried, remedies: _done, restored: _from, ...lasting } = mark;
  return lasting;
}

function machinesOf(state: WorldState): unknown {
  return Object.fromEntries(
    sortedByName(Object.values(state.domains)).map((domain) => {
      const folder = state.folders[domain.name];
      const root: SimRoot | undefined = folder?.generations[markOf(domain)?.generation ?? ''];
      const { cpus, memoryMiB, interfaces } = domain.next;
      return [
        domain.name,
        {
          next: { cpus, memoryMiB, interfaces },
          runs: domain.live && { cpus: domain.live.cpus, memoryMiB: domain.live.memoryMiB },
          root: root && { image: root.imageDigest, sizeMiB: root.sizeMiB, kubernetes: root.installed?.kubernetes },
          stateDisk: folder?.stateDisk && { sizeMiB: folder.stateDisk.sizeMiB, member: folder.stateDisk.member?.node },
        },
      ];
    }),
  );
}

function clustersOf(state: WorldState): unknown {
  const wanted = Object.values(state.clusters).filter((cluster) =>
    cluster.controlPlanes.some((uuid) => state.domains[uuid]),
  );
  return sortedByName(wanted).map((cluster) => ({
    name: cluster.name,
    nodes: sortedByName(Object.values(cluster.nodes)).map(({ name, role, version, ready, unschedulable }) => ({
      name,
      role,
      version,
      ready,
      unschedulable,
    })),
  }));
}

function reservationsOf(state: WorldState): unknown {
  const all = state.networks.flatMap(({ network }) => network.reservations);
  return all.map((entry) => `${entry.mac} ${entry.address}`).sort();
}

function sortedGuests(guests: unknown): unknown {
  return JSON.parse(JSON.stringify(guests), (_key, value: unknown) =>
    Array.isArray(value) && value.every(Array.isArray) ? value.map((entry) => JSON.stringify(entry)).sort() : value,
  );
}

function sortedByName<T extends { readonly name: string }>(list: readonly T[]): readonly T[] {
  return [...list].sort((a, b) => (a.name < b.name ? -1 : 1));
}
