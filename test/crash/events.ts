import { EMPTY_LEDGER } from '../../src/model/ledger.ts';
import { addForeignDomain, destroyDomain, loseImage, rebootHost, undefineDomain } from '../../src/sim/outside.ts';
import type { SimWorld } from '../../src/sim/world.ts';
import type { Rollout } from '../reconcile/rollout.ts';
import { edited, type Fleet, IMAGES } from './fleet.ts';
import type { Event } from './scenario.ts';
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
export async function happen(rollout: Rollout, fleet: Fleet, event: Event): Promise<Fleet> {
  const { world } = rollout;
  switch (event.kind) {
    case 'commit':
      return edited(fleet, event.edit);
    case 'destroy':
    case 'undefine': {
      const state = await world.look((hand) => hand.state);
      const names = Object.values(state.domains).flatMap((domain) => (markOf(domain) ? [domain.name] : []));
      const name = names.sort()[event.machine % Math.max(1, names.length)];
      const domain = name === undefined ? null : ownDomain(state, name);
      if (!domain) return fleet;
      // One that is undefined before its state disk was ever formatted is rightly not begun anew.
      const isUndefined = event.kind === 'undefine' && markOf(domain)?.provenAtMs != null;
      await (isUndefined ? undefineDomain : destroyDomain)(world, domain.name);
      return fleet;
    }
    case 'reboot-host':
      await rebootHost(world);
      return fleet;
    case 'lose-ledger':
      rollout.disk.ledger = EMPTY_LEDGER;
      return fleet;
    case 'lose-image':
      await loseImage(world, IMAGES[fleet.dev.image] ?? '');
      return fleet;
    case 'pass-time':
      rollout.clock.advance(event.hours * 3_600_000);
      return fleet;
  }
}
