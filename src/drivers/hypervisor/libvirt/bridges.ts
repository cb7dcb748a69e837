import type { HostNetwork } from '../../../model/observed.ts';
import type { Files } from '../../../model/ports.ts';

/** Where Linux shows its network devices; a bridge has a folder `bridge`. */
const devices = '/sys/class/net';

/** The host's bridges, from the kernel; one that is down is not active. A host without such a folder has none. */
export async function readBridges(files: Files): Promise<readonly HostNetwork[]> {
  const names = await files.list(devices);
  const found = await Promise.all(
    names.map(async (name): Promise<readonly HostNetwork[]> => {
      if ((await files.stat(`${devices}/${name}/bridge`))?.kind !== 'folder') return [];
      const flags = Number((await files.read(`${devices}/${name}/flags`))?.trim() ?? 0);
      return [{ kind: 'bridge', name, active: (flags & 1) === 1, dhcp: null, reservations: [] }];
    }),
  );
  return found.flat();
}
