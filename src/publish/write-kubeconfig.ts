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
  readonly notePublished: (entry: PublishedFile) => Promise<void>;
  readonly noteUnpublished: (cluster: string) => Promise<void>;
}

/** What a file was made from, and the SHA-256 of its text. */
type PublishedFile = Records['kubeconfigs'][number] & { readonly sha256: string };

/** Keeps `<cluster>.kubeconfig` files in the drop directory. */
export interface KubeconfigWriter {
  path(cluster: string): string;
  /** Rebuilds and writes in one act, 0600 or 0640 with a group, then notes what it was made from. */
  publish(cluster: string, guestKubeconfig: string, server: string): Promise<void>;
  remove(cluster: string): Promise<void>;
  /** Whether the file is there as it was written: somebody may have removed or changed it. */
  isInPlace(entry: PublishedFile): Promise<boolean>;
}

export function createKubeconfigWriter(parts: KubeconfigParts): KubeconfigWriter {
  const { files, folder, group } = parts;
  const path = (cluster: string) => `${folder}/${cluster}.kubeconfig`;
  const access = group === null ? { mode: 0o600 } : { mode: 0o640, group };
  return {
    path,
    async publish(cluster, guestKubeconfig, server) {
      const text = rebuildKubeconfig(guestKubeconfig, cluster, server);
      // The folder says which clusters there are; what is secret is the files.
      await files.ensureFolder(folder, 0o755);
      await files.write(path(cluster), text, access);
      const guestDigest = `sha256:${sha256(guestKubeconfig)}`;
      await parts.notePublished({ cluster, server, guestDigest, sha256: sha256(text) });
    },
    async remove(cluster) {
      await files.removeFile(path(cluster));
      await parts.noteUnpublished(cluster);
    },
    async isInPlace(entry) {
      const stat = await files.stat(path(entry.cluster));
      if (stat?.kind !== 'file' || (stat.mode & 0o777) !== access.mode) return false;
      return sha256((await files.read(path(entry.cluster))) ?? '') === entry.sha256;
    },
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
