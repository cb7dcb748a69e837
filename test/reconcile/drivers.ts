import { createK3s } from '../../src/drivers/distribution/k3s/k3s.ts';
import { createKubeadm } from '../../src/drivers/distribution/kubeadm/kubeadm.ts';
import { debian } from '../../src/drivers/os/debian/debian.ts';
import { ubuntu } from '../../src/drivers/os/ubuntu/ubuntu.ts';
import { textDigest } from '../../src/reconcile/desire/identity.ts';

/** The real distributions and oses with short texts for their shell: what is planned does not depend on it. */
export const distributions = {
  k3s: createK3s({ guestLibrary: '# k3s' }),
  kubeadm: createKubeadm({ guestLibrary: '# kubeadm' }),
};
export const oses = { debian, ubuntu };
export const programFor = (distribution: string | null): string => `#!/bin/sh\n# ${distribution ?? 'plain'}\n`;

/** Digests of those programs, as the agent's configuration of a pass has them. */
export const programs = {
  none: textDigest(programFor(null)),
  k3s: textDigest(programFor('k3s')),
  kubeadm: textDigest(programFor('kubeadm')),
};
