import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Says which version it is, and ends at once when it is to serve. */
const brokenKubelet = (version: string) => `#!/bin/sh
case "$*" in *--version*) echo 'Kubernetes ${version}' && exit 0 ;; esac
echo 'this kubelet was built to fail' >&2
exit 1
`;

/**
 * A release mirror in a new folder, laid out as the official one, that holds one version whose kubelet passes every check of its files and
 * does not serve. `mirror` is the one to take the other programs from.
 */
export async function brokenRelease(mirror: string, folder: string, version: string): Promise<void> {
  const path = join('release', version, 'bin/linux/amd64');
  await mkdir(join(folder, path), { recursive: true });
  for (const name of ['kubeadm', 'kubectl']) {
    for (const file of [name, `${name}.sha256`]) await copyFile(join(mirror, path, file), join(folder, path, file));
  }
  const kubelet = join(folder, path, 'kubelet');
  await writeFile(kubelet, brokenKubelet(version));
  const digest = createHash('sha256')
    .update(await readFile(kubelet))
    .digest('hex');
  await writeFile(`${kubelet}.sha256`, digest);
}
