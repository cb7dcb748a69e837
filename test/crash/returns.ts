import { type Invariant, markOf } from './scene.ts';

/** What comes back: clusters from backups, and the state that a root disk left. */

const unasked: Invariant = {
  name: 'nothing is restored that was not asked for',
  check({ disk, desired }, act, phase) {
    if (phase !== 'before' || act === null) return null;
    if (act.name === 'adoptRetained') return `a retained state disk comes back under ${act.machine}`;
    if (act.verb !== 'restore' && act.name !== 'writeBackup') return null;
    if (disk.records.restorations?.some(({ machine }) => machine === act.machine)) return null;
    return desired.machines.some(({ name }) => name === act.machine) ? `nobody wants ${act.machine} restored` : null;
  },
};

const blank: Invariant = {
  name: 'a lost cluster is not made anew as a blank one unasked',
  check({ disk, desired, memory }, act, phase) {
    const machine = desired.machines.find(({ name }) => name === act?.machine);
    if (act?.name !== 'define' || !machine || !memory.lost.has(machine.object.name)) return null;
    const { name } = machine.object;
    const cluster = desired.clusters.find((entry) => entry.name === name);
    if (!cluster?.controlPlanes.includes(machine.name)) return null;
    if (phase === 'after') memory.lost.delete(name);
    const { restorations = [], confirmations } = disk.records;
    const isConfirmed = confirmations.some(
      ({ object, revision }) => object === `Cluster/${name}` && revision === desired.revision,
    );
    if (phase !== 'before' || isConfirmed || restorations.some((entry) => entry.cluster === name)) return null;
    return `${machine.name} of ${name} is made anew, and nobody decided so`;
  },
};

const state: Invariant = {
  name: 'a root disk that returns finds the state that it left',
  check({ state: { clusters, domains, folders }, memory }, act, phase) {
    if (act?.name !== 'define' || phase !== 'after') return null;
    const domain = Object.values(domains).find(({ name }) => name === act.machine);
    const mark = domain && markOf(domain);
    const folder = folders[act.machine ?? ''];
    if (!mark || !folder?.stateDisk || memory.deleting.has(act.machine ?? '') || domain.run) return null;
    // A member that came back with what it knew earlier would contradict the other members.
    const isOneOfSeveral = Object.values(clusters).some(
      ({ controlPlanes }) => controlPlanes.length > 1 && controlPlanes.includes(domain.uuid),
    );
    if (isOneOfSeveral) return null;
    const hasFailed = Object.entries(folder.generations).some(
      ([generation, root]) => Number(generation) > mark.generation && !root.unstarted,
    );
    return hasFailed && mark.provenAtMs !== null && !folder.setAside
      ? `${act.machine} is back on root disk ${mark.generation} with the state of a later one`
      : null;
  },
};

export const returnInvariants: readonly Invariant[] = [unasked, blank, state];
