import { EMPTY_LEDGER } from '../../src/model/ledger.ts';
import {
  addForeignDomain,
  breakRoot,
  destroyDomain,
  editDomain,
  hangGuest,
  loseImage,
  rebootHost,
  setVeto,
  stopService,
  undefineDomain,
  useLocalData,
} from '../../src/sim/outside.ts';
import type { SimWorld } from '../../src/sim/world.ts';
import type { Course } from './course.ts';
import { edited, type Fleet, IMAGES } from './fleet.ts';
import { askBackup, loseCluster, restoreOver } from './losses.ts';
import type { Event } from './scenario-events.ts';
import { markOf, ownDomain } from './scene.ts';

/** Other people's domains, reservation, folder and image, and one that bears the name of a machine of ours. */
export async function settle(world: SimWorld, conflict: string | null): Promise<void> {
  await addForeignDomain(world, 'theirs');
  await addForeignDomain(world, 'others', { owner: 'somebody-else' });
  if (conflict !== null) await addForeignDomain(world, conflict);
  await world.change((hand) => {
    const [found] = hand.state.networks;
    if (!found) return;
    const entry = { mac: '52:54:00:00:00:01', address: '127.77.0.9', name: 'theirs' };
    found.network = { ...found.network, reservations: [...found.network.reservations, entry] };
    hand.state.folders['theirs'] = { machine: 'theirs', generations: {}, stateDisk: null };
    hand.storeImage('sha256:theirs', 'qcow2');
  });
}

/** Lets an event happen; returns what is wanted from then on. */
export async function happen(course: Course, event: Event): Promise<Fleet> {
  const { rollout, fleet } = course;
  switch (event.kind) {
    case 'commit':
      return edited(fleet, event.edit);
    case 'reboot-host':
      await rebootHost(rollout.world);
      return fleet;
    case 'lose-ledger':
      rollout.disk.ledger = EMPTY_LEDGER;
      return fleet;
    case 'lose-image':
      await loseImage(rollout.world, IMAGES[fleet.dev.image] ?? '');
      return fleet;
    case 'pass-time':
      rollout.clock.advance(event.hours * 3_600_000);
      return fleet;
    case 'suspend':
    case 'block':
      forbid(course, event);
      return fleet;
    case 'lose-cluster':
      await loseCluster(course, event.cluster);
      return fleet;
    case 'restore-over':
      await restoreOver(course, event.cluster);
      return fleet;
    case 'ask-backup':
      askBackup(course, event.cluster);
      return fleet;
    default:
      await befall(course, event);
      return fleet;
  }
}

function forbid({ rollout }: Course, event: Extract<Event, { kind: 'suspend' | 'block' }>): void {
  if (event.kind === 'block') {
    rollout.blockers = { [event.object]: [{ what: 'file /run/backup', reason: 'it exists' }] };
    return;
  }
  const { records } = rollout.disk;
  const entry = { reason: 'somebody looks into it', atMs: rollout.clock.now() };
  rollout.disk.records = { ...records, suspensions: { ...records.suspensions, [event.scope]: entry } };
}

/** What happens to one of our machines, or to two. */
async function befall({ rollout }: Course, event: Extract<Event, { machine: number }>): Promise<void> {
  const { world } = rollout;
  const state = await world.look((hand) => hand.state);
  const names = Object.values(state.domains)
    .flatMap((domain) => (markOf(domain) ? [domain.name] : []))
    .sort();
  const at = (index: number): string | undefined => names[index % Math.max(1, names.length)];
  const name = at(event.machine);
  const domain = name === undefined ? null : ownDomain(state, name);
  if (!domain) return;
  switch (event.kind) {
    case 'destroy':
      return destroyDomain(world, domain.name);
    case 'undefine':
      // One that is undefined before its state disk was ever formatted is rightly not begun anew.
      return (markOf(domain)?.provenAtMs == null ? destroyDomain : undefineDomain)(world, domain.name);
    case 'edit-domain':
      return editDomain(world, domain.name, { cpus: event.cpus, memoryMiB: event.memoryMiB });
    case 'veto':
      return setVeto(world, domain.name, 'somebody measures something');
    case 'local-data':
      return useLocalData(world, domain.name, 'default/web:/srv/data');
    default: {
      const ail = { hang: hangGuest, 'break-root': breakRoot, 'stop-service': stopService }[event.kind];
      await ail(world, domain.name);
      const next = at(event.machine + 1);
      if (event.isPair && next !== undefined && next !== domain.name) await ail(world, next);
    }
  }
}
