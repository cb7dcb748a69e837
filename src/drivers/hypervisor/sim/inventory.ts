import type { Domain, Inventory, MachineFolder, RetainedDisk } from '../../../model/observed.ts';
import type { SimHand } from '../../../sim/hand.ts';
import type { SimDomain, SimFolder, SimRetainedDisk } from '../../../sim/state.ts';

/** Everything at once, as it is now. */
export function readInventory(hand: SimHand): Inventory {
  const { state } = hand;
  return {
    host: state.host,
    domains: Object.values(state.domains).map(asDomain),
    networks: state.networks.map(({ network }) => network),
    images: Object.values(state.images),
    operations: hand.hostOperations(),
    folders: Object.values(state.folders).map((folder) => asFolder(hand, folder)),
    ...(state.retained.length > 0 ? { retained: state.retained.flatMap(asRetained) } : {}),
  };
}

/** What had failed lies beside its machine's state disk and is none. */
function asRetained({ name, uuid, machine, atMs, mark }: SimRetainedDisk): readonly RetainedDisk[] {
  return uuid === undefined || name.endsWith('-failed') ? [] : [{ name, uuid, machine, atMs, mark }];
}

function asDomain(domain: SimDomain): Domain {
  const { name, uuid, mark, state, stateReason, persistent, autostart, live, next } = domain;
  const agent = domain.run === null ? 'absent' : domain.run.agentConnected ? 'connected' : 'disconnected';
  return {
    name,
    uuid,
    mark,
    state,
    stateReason,
    persistent,
    autostart,
    managedSave: domain.saved !== null,
    agent,
    live,
    next,
  };
}

function asFolder(hand: SimHand, folder: SimFolder): MachineFolder {
  const generations = Object.entries(folder.generations)
    .filter(([, root]) => !root.unstarted)
    .map(([generation]) => Number(generation));
  const copies = Object.entries(folder.copies ?? {}).map(([generation, copy]) => ({
    generation: Number(generation),
    isCurrent: hand.isStateCopyCurrent(folder, copy),
  }));
  return {
    machine: folder.machine,
    generations,
    hasStateDisk: folder.stateDisk !== null,
    ...(copies.length > 0 ? { copies } : {}),
    ...(folder.setAside ? { isSetAside: true } : {}),
    ...(folder.unmade ? { unmade: { owner: folder.unmade.owner, uuid: folder.unmade.uuid } } : {}),
  };
}
