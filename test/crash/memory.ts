import { markOf, type Scene } from './scene.ts';

/** Brings what was seen up to date; after every act and every step of time. */
export function remember(scene: Scene): void {
  const { state, memory } = scene;
  for (const cluster of Object.values(state.clusters)) {
    for (const node of Object.values(cluster.nodes)) if (node.ready) memory.served.add(node.uid);
  }
  for (const folder of Object.values(state.folders)) {
    const { stateDisk } = folder;
    if (stateDisk?.member && stateDisk.filesystemUuid) memory.dataDisks.set(folder.machine, stateDisk.filesystemUuid);
  }
  rememberGuests(scene);
  for (const name of memory.lost) {
    if (!scene.desired.clusters.some((cluster) => cluster.name === name)) memory.lost.delete(name);
  }
  welcomeReturned(scene);
}

function rememberGuests({ state, memory }: Scene): void {
  const unwell = new Set<string>();
  for (const cluster of Object.values(state.clusters))
    for (const node of Object.values(cluster.nodes)) {
      const domain = state.domains[node.machine];
      const isWell = node.ready && domain?.run?.serviceActive && !domain.run.isHung;
      if (memory.served.has(node.uid) && !isWell && domain) unwell.add(domain.name);
    }
  keepSince(memory.unwellSinceMs, unwell, state.atMs);
  const vetoed = Object.values(state.domains).flatMap((domain) => {
    const root = state.folders[domain.name]?.generations[domain.run?.generation ?? ''];
    return markOf(domain) && domain.run?.agentConnected && root?.installed?.veto !== undefined ? [domain.name] : [];
  });
  keepSince(memory.vetoedSinceMs, new Set(vetoed), state.atMs);
}

function keepSince(since: Map<string, number>, present: ReadonlySet<string>, atMs: number): void {
  for (const name of [...since.keys()]) if (!present.has(name)) since.delete(name);
  for (const name of present) if (!since.has(name)) since.set(name, atMs);
}

/** A cluster whose restoration was struck off is back, with what its backup held. */
function welcomeReturned({ disk, memory }: Scene): void {
  for (const [name, { uid, objects }] of memory.returning) {
    if (disk.records.restorations?.some(({ cluster }) => cluster === name)) continue;
    memory.objects.set(uid, new Set(objects));
    memory.returning.delete(name);
  }
}
