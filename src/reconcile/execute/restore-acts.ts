import { KreError } from '../../model/error.ts';
import type { Mark } from '../../model/mark.ts';
import type { Acts } from '../execute.ts';
import type { World } from '../reconcile.ts';
import { type ActParts, machineOf, refOf } from './context.ts';

/** Acts that bring back a lost cluster, or a state disk that was kept. */
export function restoreActs(
  world: World,
  parts: ActParts,
): Pick<Acts, 'upload-backup' | 'end-restoration' | 'adopt-retained' | 'end-adoption'> {
  return {
    'upload-backup': async ({ machine, backup: id }) => {
      const backup = world.observed.records.backups.find((entry) => entry.id === id);
      if (!backup) throw gone(id);
      parts.uploads.start({ machine: refOf(world, machine), backup });
    },
    'end-restoration': ({ cluster }) => parts.records.endRestoration(cluster),
    'adopt-retained': ({ machine, retained }) => {
      const { name, uuid } = machineOf(world, machine);
      return parts.hypervisor.adoptRetained({ name, uuid }, retained);
    },
    'end-adoption': ({ object }) => parts.records.endAdoption(object),
  };
}

/** Whether the first boot of this root is to leave its control plane without a cluster, because a backup comes after it. */
export function awaitsBackup(world: World, mark: Mark): boolean {
  const { restorations = [] } = world.observed.records;
  return restorations.some(({ machine, atMs }) => machine === mark.machine && atMs === mark.restored?.atMs);
}

function gone(id: string): KreError {
  return new KreError({
    code: 'NotFound',
    message: `backup ${id} is not on this host any more`,
    hint: 'Put it back from a copy, or name another: kreconcile backup list',
    disposition: 'stalled',
  });
}
