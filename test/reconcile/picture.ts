import type { Rollout } from './rollout.ts';

/** In no particular order is how a host lists things: what was made first differs between two ways to the same end. */
function sorted<T>(list: readonly T[] | undefined): T[] | undefined {
  return list
    ?.map((entry) => ({ entry, key: JSON.stringify(entry) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ entry }) => entry);
}

/** The end of a rollout as a user would compare it: what exists and runs, without times, generations, boot ids, attempts and order. */
export function picture({ world: _world, disk, ...rollout }: Rollout): Promise<unknown> {
  return rollout.observe().then((observed) => {
    const inventory = observed.inventory.known ? observed.inventory.value : null;
    return {
      domains: sorted(
        inventory?.domains.map(({ name, uuid, state, autostart, mark }) => ({
          name,
          uuid,
          state,
          autostart,
          mark:
            mark === null || mark === 'unreadable'
              ? mark
              : {
                  ...mark,
                  generation: 0,
                  previousGeneration: null,
                  previous: mark.previous ? mark.previous.spec : null,
                  provenAtMs: mark.provenAtMs !== null,
                  quarantined: mark.quarantined.map(({ digest, endedAtMs }) => [digest, endedAtMs !== undefined]),
                  revision: '',
                },
        })),
      ),
      guests: Object.fromEntries(
        Object.entries(observed.guests).map(([name, reading]) => [
          name,
          reading.known
            ? {
                version: reading.value.kubernetes?.version,
                phase: reading.value.kubernetes?.phase,
                stateDisk: reading.value.stateDisk,
                nodes: sorted(
                  reading.value.kubernetes?.nodes.map((node) => [
                    node.name,
                    node.ready,
                    node.version,
                    node.unschedulable,
                  ]),
                ),
              }
            : 'unknown',
        ]),
      ),
      reservations: inventory?.networks.map((network) => sorted(network.reservations)),
      stateDisks: sorted(inventory?.folders.map((folder) => [folder.machine, folder.hasStateDisk])),
      applied: disk.records.applied,
      kubeconfigs: disk.records.kubeconfigs.map((entry) => [entry.cluster, entry.server]).sort(),
    };
  });
}
