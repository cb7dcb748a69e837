import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createK3s, K3S_GUEST_FILES } from '../../../src/drivers/distribution/k3s/k3s.ts';
import { createKubeadm, KUBEADM_GUEST_FILES } from '../../../src/drivers/distribution/kubeadm/kubeadm.ts';

const folder = new URL('../../../src/drivers/distribution/', import.meta.url);

function libraryOf(files: readonly string[]): string {
  return files.map((file) => readFileSync(fileURLToPath(new URL(file, folder)), 'utf8')).join('\n');
}

export const kubeadm = createKubeadm({ guestLibrary: libraryOf(KUBEADM_GUEST_FILES) });
export const k3s = createK3s({ guestLibrary: libraryOf(K3S_GUEST_FILES) });
