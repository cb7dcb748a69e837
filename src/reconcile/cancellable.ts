import { KreError } from '../model/error.ts';
import { objectKey } from '../model/mark.ts';
import type { Adoption, Inventory, Restoration } from '../model/observed.ts';
import type { World } from './reconcile.ts';

/** A wish to have something back, of which nothing was done yet. */
export interface Cancellable {
  /** `Cluster/x` or `Machine/x`. */
  readonly object: string;
  /** The backup, or the retained state disk. */
  readonly from: string;
}

type Wish = Pick<Restoration, 'machine' | 'replace' | 'atMs'> & Cancellable & { readonly isRetained: boolean };

/** What objects have a wish that stands. */
export function wishedFor(world: World | null): readonly string[] {
  return wishesOf(world).map(({ object }) => object);
}

/** Judges whether the wish of an object may be struck off. `NotFound` without one; `RestoreRefused` once something was done for it. */
export function cancellable(world: World | null, key: string): Cancellable {
  const wish = wishesOf(world).find(({ object }) => object === key);
  if (!world || !wish) throw noWish(key);
  const { inventory } = world.observed;
  if (!inventory.known)
    throw refused(`nobody knows how far it is: ${inventory.reason}`, 'Start libvirt, and try again.');
  const begun = begunBy(inventory.value, wish);
  if (begun !== null)
    throw refused(
      `it has begun: ${begun.what}`,
      `${begun.wayBack}To leave everything as it is: kreconcile suspend ${key}. Another wish takes its place: kreconcile restore ${key} BACKUP --replace`,
    );
  return { object: key, from: wish.from };
}

function wishesOf(world: World | null): readonly Wish[] {
  const { restorations = [], adoptions = [] } = world?.observed.records ?? {};
  return [
    ...restorations.map((entry: Restoration): Wish => {
      const { machine, replace, atMs, backup, cluster } = entry;
      return {
        machine,
        replace,
        atMs,
        object: objectKey({ kind: 'Cluster', name: cluster }),
        from: backup,
        isRetained: false,
      };
    }),
    ...adoptions.map((entry: Adoption): Wish => {
      const { machine, replace, atMs, retained, object } = entry;
      return { machine, replace, atMs, object, from: retained, isRetained: true };
    }),
  ];
}

/** What was done for a wish; `null`: nothing that leaving it off would not take back. */
function begunBy(inventory: Inventory, wish: Wish): { readonly what: string; readonly wayBack: string } | null {
  const { machine, atMs, from } = wish;
  const begun = (what: string, wayBack = '') => ({ what, wayBack });
  const { domains, folders, retained = [] } = inventory;
  const domain = domains.find((entry) => entry.name === machine);
  const folder = folders.find((entry) => entry.machine === machine);
  if (domain?.unread !== undefined) return begun(`or may have: libvirt does not describe ${machine} now`);
  const mark = domain?.mark && domain.mark !== 'unreadable' ? domain.mark : null;
  if (mark?.restored?.atMs === atMs || mark?.adopted?.atMs === atMs) return begun(`${machine} was made for it`);
  // A machine that is there with its root disk is at most switched off for it, and is started again.
  if (mark && (mark.provenAtMs === null || folder?.generations.includes(mark.generation))) return null;
  if (mark) return begun(`the root disk of ${machine} was removed for it`);
  if (folder?.unmade) return begun(`disks of ${machine} were prepared for it`);
  if (wish.isRetained && !retained.some(({ name }) => name === from)) return begun(`${from} was put under ${machine}`);
  const given = wish.replace ? retained.find((entry) => entry.machine === machine && entry.atMs + 1_000 > atMs) : null;
  if (!given) return null;
  return begun(
    `${machine} was removed for it, its state disk kept as ${given.name}`,
    `To have that one back: kreconcile restore ${wish.object} ${given.name}. `,
  );
}

function noWish(key: string): KreError {
  return new KreError({
    code: 'NotFound',
    message: `nobody asked to restore ${key}, or it is back`,
    hint: '`kreconcile status` tells what is being done.',
    disposition: 'stalled',
  });
}

function refused(message: string, hint: string): KreError {
  return new KreError({ code: 'RestoreRefused', message, hint, disposition: 'stalled' });
}
