import { createHash } from 'node:crypto';
import type { Records } from '../model/observed.ts';
import type { Files } from '../model/ports.ts';
import { rebuildKubeconfig } from './kubeconfig.ts';

export interface KubeconfigParts {
  readonly files: Files;
  /** The drop directory; made if missing, its mode left alone if not. */
  readonly folder: string;
  /** Group that may read kubeconfigs; `null`: the owner alone. */
  readonly group: string | null;
  readonly notePublished: (entry: Records['kubeconfigs'][number]) => Promise<void>;
  readonly noteUnpublished: (cluster: string) => Promise<void>;
}

/** Keeps `<cluster>.kubeconfig` files in the drop directory. */
export interface KubeconfigWriter {
  path(cluster: string): string;
  /** Rebuilds and writes in one act, 0600 or 0640 with a group, then notes what it was made from. */
  publish(cluster: string, guestKubeconfig: string, server: string): Promise<void>;
  remove(cluster: string): Promise<void>;
}

export function createKubeconfigWriter(parts: KubeconfigParts): KubeconfigWriter {
  const { files, folder, group } = parts;
  const path = (cluster: string) => `${folder}/${cluster}.kubeconfig`;
  return {
    path,
    async publish(cluster, guestKubeconfig, server) {
      const text = rebuildKubeconfig(guestKubeconfig, cluster, server);
      await files.ensureFolder(folder, group === null ? 0o700 : 0o750);
      await files.write(path(cluster), text, group === null ? { mode: 0o600 } : { mode: 0o640, group });
      await parts.notePublished({
        cluster,
        server,
        guestDigest: `sha256:${createHash('sha256').update(guestKubeconfig).digest('hex')}`,
      });
    },
    async remove(cluster) {
      await files.removeFile(path(cluster));
      await parts.noteUnpublished(cluster);
    },
  };
}
