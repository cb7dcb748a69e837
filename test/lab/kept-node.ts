import type { Distribution } from '../../src/drivers/distribution/distribution.ts';
import type { DesiredCluster, Recipe } from '../../src/model/desired.ts';
import type { SeedInputs } from '../../src/reconcile/seed.ts';
import { nodeOf } from '../drivers/distribution/nodes.ts';

/**
 * A stand-in for a distribution that shows what a state disk is for: a service called kubelet writes what it finds in its kept
 * folder, and join-info tells about it. It proves the path, no distribution.
 */
export const library = `
dist_bootstrap() {
	[ -s /var/lib/kubelet/data ] || echo generation-1 >/var/lib/kubelet/data
	install_file /etc/kreconcile/kubelet.service /etc/systemd/system/kubelet.service 0644
	echo installed >"$INSTALLED"
	service_enable kubelet
	service_start kubelet
	progress bootstrapped
}
dist_join() { :; }
dist_join_info() {
	printf 'kept=%s\\n' "$(cat /var/lib/kubelet/data)"
	printf 'service=%s\\n' "$(systemctl is-active kubelet)"
	printf 'propagation=%s\\n' "$(findmnt -n -o PROPAGATION /var/lib/kubelet)"
	mkdir -p /var/lib/kubelet/pods && mount -t tmpfs none /var/lib/kubelet/pods
	printf 'below=%s\\n' "$(grep -c ' /var/lib/kreconcile-state/var/lib/kubelet/pods ' /proc/self/mounts)"
	umount /var/lib/kubelet/pods
}
dist_status() {
	active=false
	if service_active kubelet; then active=true; fi
	printf '{"phase":"installed","version":null,"serviceActive":%s,"certificatesExpireAtMs":null}' "$active"
}
`;

const service = `[Unit]
Description=Stand-in for the kubelet
[Service]
ExecStart=/bin/sleep infinity
[Install]
WantedBy=multi-user.target
`;

const recipe: Recipe = {
  apiPort: 6443,
  keepPaths: ['/var/lib/kubelet', '/etc/kubernetes'],
  maxMinorStep: 1,
  maxWorkerSkew: 3,
  backupName: 'copy',
  drainsBeforeUpgrade: false,
};

const distribution: Pick<Distribution, 'firstBootFiles' | 'settings'> = {
  firstBootFiles: () => [
    { path: '/etc/kreconcile/kubelet.service', content: service, permissions: '0644', secret: false },
  ],
  settings: () => ({ NODE_PACKAGES: '' }),
};

/** What a seed is rendered from, for a worker of such a cluster. */
export function keptNode(identity: {
  readonly name: string;
  readonly uuid: string;
  readonly mac: string;
  readonly serial: string;
}): Pick<SeedInputs, 'machine' | 'cluster' | 'distribution' | 'address' | 'controlPlaneAddress'> {
  const node = nodeOf(recipe, { distribution: 'kubeadm', version: 'v1.36.1' }, 'worker');
  const { name, uuid, mac, serial } = identity;
  const cluster: DesiredCluster = node.cluster;
  return {
    machine: {
      ...node.machine,
      name,
      uuid,
      mac,
      stateDisk: { filesystemUuid: '7f8a3c52-6f0e-5d8f-9d2b-0d4bb8a1c0bf', serial },
    },
    cluster,
    distribution: distribution as Distribution,
    address: null,
    controlPlaneAddress: null,
  };
}
