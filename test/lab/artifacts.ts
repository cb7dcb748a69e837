import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The two Kubernetes versions that the lab builds; the second is the first with another version stamp. */
export const kubernetesVersions = { first: 'v1.36.1', next: 'v1.36.3' } as const;

/** An image that `test/lab/setup.sh` built: its file and the digest of its bytes. */
export interface LabImage {
  readonly path: string;
  /** As a manifest's `spec.checksum` takes it: `sha256:` and 64 hex digits. */
  readonly checksum: string;
}

/** What `test/lab/setup.sh` leaves in the cache for tests. */
export interface LabArtifacts {
  /** Debian 12 with cloud-init, guest agent, containerd and both versions' container images. */
  readonly debian: LabImage;
  /** The same with another stamp: what a commit that changes the image names. */
  readonly debianNext: LabImage;
  /** The same whose kernel finds nothing to run. */
  readonly debianBroken: LabImage;
  /** Busybox and the guest agent in memory: answers seconds after power on, has no cloud-init. */
  readonly tiny: LabImage;
  /** A folder to serve; `kubernetes/release/v1.36.1/bin/linux/amd64/kubeadm` and the like stand below it. */
  readonly mirrorFolder: string;
  /** A real kubectl for the host. */
  readonly kubectl: string;
}

/** Where the lab's builds are kept: outside the tree, shared by all checkouts of a user. */
export function cacheFolder(): string {
  return process.env['KRECONCILE_LAB_CACHE'] ?? join(homedir(), '.cache', 'kreconcile-lab');
}

/** Finds what setup.sh built; throws, naming the missing file, when it has not run to its end. */
export function labArtifacts(): LabArtifacts {
  const cache = cacheFolder();
  const present = (...parts: readonly string[]): string => {
    const path = join(cache, ...parts);
    if (!existsSync(path)) {
      throw new Error(`${path} is missing: run test/lab/setup.sh first`);
    }
    return path;
  };
  return {
    debian: labImage(present('images', 'lab-debian-12.qcow2')),
    debianNext: labImage(present('images', 'lab-debian-12-next.qcow2')),
    debianBroken: labImage(present('images', 'lab-debian-12-broken.qcow2')),
    tiny: labImage(present('images', 'lab-tiny.qcow2')),
    mirrorFolder: present('mirror'),
    kubectl: present('kubernetes', 'bin', 'kubectl'),
  };
}

/** An image with the digest from its sidecar; for the further images that guest-image.sh is asked for by name. */
export function labImage(path: string): LabImage {
  return { path, checksum: `sha256:${readFileSync(`${path}.sha256`, 'utf8').trim()}` };
}
