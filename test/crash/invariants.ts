import { objectKey } from '../../src/model/mark.ts';
import type { SimStateDisk } from '../../src/sim/state.ts';
import { disruptionInvariants } from './disruption.ts';
import { policyInvariants } from './policies.ts';
import { remedyInvariants } from './remedies.ts';
import { returnInvariants } from './returns.ts';
import { foreignThings, type Invariant, markOf, ownDomain, type Scene } from './scene.ts';

const foreign: Invariant = {
  name: 'nothing foreign is touched',
  check: ({ state, memory }) => (foreignThings(state) === memory.foreign ? null : "somebody else's things changed"),
};

const usableRoot: Invariant = {
  name: 'one usable root for each machine',
  check({ state, memory }) {
    for (const domain of Object.values(state.domains)) {
      const mark = markOf(domain);
      if (!mark || memory.deleting.has(domain.name)) continue;
      const path = domain.next.disks[0]?.path ?? '';
      const generation = /\/(\d+)\/root\.qcow2$/.exec(path)?.[1] ?? '';
      const root = state.folders[domain.name]?.generations[generation];
      if (!root?.seed) return `${domain.name} is defined on ${path}, which is not there`;
      if (Number(generation) !== mark.generation)
        return `${domain.name} is defined on generation ${generation} and marked as ${mark.generation}`;
      const running = domain.run?.generation ?? null;
      if (running !== null && !state.folders[domain.name]?.generations[running])
        return `${domain.name} runs on generation ${running}, which is not there`;
    }
    return null;
  },
};

const stateDisk: Invariant = {
  name: 'a state disk that held data stays and is never blank',
  check({ state, memory }) {
    for (const [machine, uuid] of memory.dataDisks) {
      const folder = state.folders[machine];
      const isIt = (disk: SimStateDisk | null | undefined): boolean =>
        disk?.filesystemUuid === uuid && disk.member !== null;
      // While it is put back, it stands aside and as a copy.
      const copies = Object.values(folder?.copies ?? {}).map((copy) => copy.disk);
      const standIns = ownDomain(state, machine)?.run ? [] : [folder?.setAside, ...copies];
      if (isIt(folder?.stateDisk) || (!folder?.stateDisk && standIns.some(isIt))) continue;
      const isRetained = state.retained.some((kept) => kept.machine === machine && kept.disk.filesystemUuid === uuid);
      if (!isRetained && !(memory.deleting.has(machine) && isDeletedForGood(state, machine)))
        return `the state disk of ${machine} ${folder?.stateDisk ? 'is another one or blank' : 'is gone'}`;
      memory.dataDisks.delete(machine);
    }
    return null;
  },
};

/** By the mark, which outlives the manifest until the domain is undefined. */
function isDeletedForGood(state: Scene['state'], machine: string): boolean {
  const domain = ownDomain(state, machine);
  return domain === null || markOf(domain)?.deletionPolicy === 'Delete';
}

const wayBack: Invariant = {
  name: 'the way back stays open until a new root disk is proven',
  check({ state, memory }) {
    for (const domain of Object.values(state.domains)) {
      const mark = markOf(domain);
      const previous = mark?.previous;
      // One on which the node was not well is no way back.
      if (!mark || previous?.provenAtMs == null || mark.provenAtMs !== null || memory.deleting.has(domain.name))
        continue;
      const folder = state.folders[domain.name];
      if (!folder?.generations[previous.generation])
        return `root disk ${previous.generation} of ${domain.name} is gone, and ${mark.generation} is not proven`;
      const hasState = mark.spec.stateDiskMiB === null || folder.copies?.[previous.generation] || folder.setAside;
      if (!hasState) return `${domain.name} has no copy of the state that root disk ${previous.generation} left`;
    }
    return null;
  },
};

const objects: Invariant = {
  name: 'what users keep in a cluster is never lost',
  check({ state, memory }) {
    for (const [uid, keys] of memory.objects) {
      const cluster = state.clusters[uid];
      if (!cluster) return `cluster ${uid} is lost`;
      for (const key of keys) if (!cluster.objects[key]) return `${key} of cluster ${cluster.name} is lost`;
    }
    return null;
  },
};

const deletion: Invariant = {
  name: 'only what may be deleted is deleted',
  check({ state, disk, desired }, act, phase) {
    if (act?.name !== 'deleteMachine' || phase !== 'before' || act.machine === null) return null;
    const domain = ownDomain(state, act.machine);
    const mark = domain && markOf(domain);
    if (!mark) return null;
    const isGivenUp = disk.records.restorations?.some(({ machine, replace }) => replace && machine === act.machine);
    if (isGivenUp) return null;
    if (desired.machines.some((machine) => machine.name === act.machine)) return `${act.machine} is still wanted`;
    const isConfirmed = disk.records.confirmations.some(
      (entry) => entry.object === objectKey(mark.object) && entry.revision === desired.revision,
    );
    return mark.prune === 'Enabled' || isConfirmed ? null : `nobody confirmed that ${act.machine} goes`;
  },
};

const seeds: Invariant = {
  name: 'no secret stays in a seed after first boot',
  check({ state, memory }) {
    for (const domain of Object.values(state.domains)) {
      const mark = markOf(domain);
      if (!mark || mark.provenAtMs === null || memory.deleting.has(domain.name)) continue;
      const digest = state.folders[domain.name]?.generations[mark.generation]?.seed?.digest ?? '';
      if (memory.seeds.get(digest)) return `the seed of ${domain.name} holds a secret, and its mark says proven`;
    }
    return null;
  },
};

const applied: Invariant = {
  name: 'what is made stands in the list of applied objects first',
  check({ disk, desired }, act, phase) {
    if (act?.name !== 'define' || phase !== 'before') return null;
    const { applied: list } = disk.records;
    const object = desired.machines.find((machine) => machine.name === act.machine)?.object;
    return list === 'lost' || !object || list.includes(objectKey(object)) ? null : `${objectKey(object)} is not there`;
  },
};

export const invariants: readonly Invariant[] = [
  foreign,
  usableRoot,
  stateDisk,
  wayBack,
  objects,
  deletion,
  seeds,
  applied,
  ...disruptionInvariants,
  ...policyInvariants,
  ...returnInvariants,
  ...remedyInvariants,
];
