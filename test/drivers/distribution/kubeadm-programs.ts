import { type FakeNode, makeFakeNode, sha256 } from './fake-node.ts';
import { kubeadm } from './libraries.ts';
import { type NodeChanges, nodeOf } from './nodes.ts';

/** A kubeadm of a version: it does to files what the real one does, and writes down what it was asked. */
const kubeadmOf = (version: string): string => `#!/bin/sh
echo "kubeadm $*" >>"$KRECONCILE_ROOT/calls"
etc=$KRECONCILE_ROOT/etc/kubernetes
broken() { if [ -e "$KRECONCILE_ROOT/broken-$1" ]; then rm -f "$KRECONCILE_ROOT/broken-$1"; echo "error: $1 is broken"; exit 1; fi; }
manifests() {
	for name in etcd kube-apiserver kube-controller-manager kube-scheduler; do echo "${version}" >"$etc/manifests/$name.yaml"; done
	echo '    image: registry.k8s.io/etcd:3.6.8-0' >>"$etc/manifests/etcd.yaml"
	echo 'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint: 192.168.122.10:6443' >>"$etc/manifests/kube-apiserver.yaml"
}
case "$1 $2" in
'version -o') echo ${version} ;;
'config images')
	wanted=$(sed -n 's/^kubernetesVersion: //p' "$5")
	if [ "$3" = list ]; then printf 'registry.k8s.io/kube-apiserver:%s\\nregistry.k8s.io/pause:3.10.2\\nregistry.k8s.io/etcd:3.6.8-0\\n' "$wanted"; fi ;;
'init --config')
	broken "$1"
	mkdir -p "$etc/pki/etcd" "$etc/manifests" "$KRECONCILE_ROOT/var/lib/etcd/member" "$KRECONCILE_ROOT/var/lib/kubelet"
	for name in ca.key ca.crt sa.key sa.pub etcd/ca.key etcd/ca.crt apiserver.crt; do [ -s "$etc/pki/$name" ] || echo "$name of init" >"$etc/pki/$name"; done
	echo admin >"$etc/admin.conf"; echo kubelet >"$etc/kubelet.conf"
	echo "config of ${version}" >"$KRECONCILE_ROOT/var/lib/kubelet/config.yaml"
	manifests
	echo '[bootstrap-token] Using token: abcdef.0123456789abcdef' ;;
'reset -f') rm -rf "$etc/pki" "$etc/manifests" ;;
'init phase')
	broken "$3"
	for seen in "$@"; do :; done
	cp "$seen" "$KRECONCILE_ROOT/phase-seen"
	case "$3 $4" in
	'certs apiserver') [ -s "$etc/pki/apiserver.crt" ] || echo 'apiserver.crt of a phase' >"$etc/pki/apiserver.crt" ;;
	'upload-certs '*) echo '[upload-certs] Using certificate key:'; echo ${'f'.repeat(64)} ;;
	esac ;;
'join --config')
	broken "$1"; mkdir -p "$etc"; cp "$3" "$KRECONCILE_ROOT/join-seen"; echo kubelet >"$etc/kubelet.conf"
	if grep -q certificateKey "$3"; then mkdir -p "$etc/manifests" "$KRECONCILE_ROOT/var/lib/etcd/member"; manifests; echo admin >"$etc/admin.conf"; fi ;;
'token create') echo 'kubeadm join api.dev.example:6443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash sha256:${'d'.repeat(64)} ' ;;
'upgrade apply' | 'upgrade node')
	[ ! -e "$KRECONCILE_ROOT/upgrade-says" ] || { cat "$KRECONCILE_ROOT/upgrade-says"; exit 1; }
	broken "$1"
	for name in etcd kube-apiserver kube-controller-manager kube-scheduler; do [ "$2" = node ] || [ -s "$etc/manifests/$name.yaml" ] || exit 1; done
	mkdir -p "$etc/tmp/kubeadm-backup-etcd-1"
	echo "config of ${version}" >"$KRECONCILE_ROOT/var/lib/kubelet/config.yaml"
	[ "$2" = node ] || { echo '[upgrade/staticpods] Moving new manifest to'; manifests; echo "renewed by ${version}" >"$etc/pki/apiserver.crt"; }
	broken late ;;
'certs renew') broken "$1"; echo renewed >"$etc/admin.conf" ;;
esac
`;

const kubeletOf = (version: string): string => `#!/bin/sh\necho 'Kubernetes ${version}'\n`;

/** kubectl and behind it a cluster: the kubelet that was last started is the one that reports. */
const kubectlOf = (version: string): string => `#!/bin/sh
echo "kubectl $*" >>"$KRECONCILE_ROOT/calls"
case "$*" in
'version --client') echo 'Client Version: ${version}' ;;
*podCIDR*) echo 10.42.0.0/24 ;;
*kubeletVersion*) cat "$KRECONCILE_ROOT/reported" ;;
*'snapshot save'*)
	{ echo snapshot; cat "$KRECONCILE_ROOT/var/lib/etcd/member/data" 2>/dev/null; } >"$KRECONCILE_ROOT/var/lib/etcd/kreconcile-snapshot.db"; true ;;
*'snapshot status'*) cat "$KRECONCILE_ROOT/snapshot-status" ;;
*'member list'*) cat "$KRECONCILE_ROOT/members" 2>/dev/null || : ;;
*'endpoint health'*) [ ! -e "$KRECONCILE_ROOT/member-lost" ] ;;
*'.metadata.labels'*) cat "$KRECONCILE_ROOT/labels" 2>/dev/null || : ;;
*'get configmap kube-proxy'*) cat "$KRECONCILE_ROOT/proxy" 2>/dev/null || : ;;
*'get configmap kubeadm-config'*) cat "$KRECONCILE_ROOT/cluster-configuration" 2>/dev/null || : ;;
*'get nodes -l'*) echo node/dev-cp-1; cat "$KRECONCILE_ROOT/other-control-planes" 2>/dev/null || : ;;
*'get node'*) [ -e "$KRECONCILE_ROOT/node-known" ] ;;
*readyz*)
	[ ! -e "$KRECONCILE_ROOT/api-down" ] && [ -s "$KRECONCILE_ROOT/etc/kubernetes/manifests/kube-apiserver.yaml" ] || exit 1
	[ ! -e "$KRECONCILE_ROOT/slow" ] || [ "$(date +%s)" -ge "$(cat "$KRECONCILE_ROOT/serves-at")" ] || exit 1
	# The data of another version is a riddle to the one that the file names.
	[ ! -e "$KRECONCILE_ROOT/unreadable" ] || [ -e "$KRECONCILE_ROOT/var/lib/etcd/member/data" ] ;;
*'/version'*) printf '{"major": "1",\\n  "gitVersion": "%s"}\\n' "$(head -n 1 "$KRECONCILE_ROOT/etc/kubernetes/manifests/kube-apiserver.yaml")" ;;
*'get clusterrole'*) [ -e "$KRECONCILE_ROOT/joined" ] ;;
esac
`;

/** The release programs of a version as the official mirror lays them out. */
export function publishKubernetes(node: FakeNode, version: string): void {
  const programs = { kubeadm: kubeadmOf(version), kubelet: kubeletOf(version), kubectl: kubectlOf(version) };
  for (const [name, text] of Object.entries(programs)) {
    node.publish(`release/${version}/bin/linux/amd64/${name}`, text);
    node.publish(`release/${version}/bin/linux/amd64/${name}.sha256`, sha256(text));
  }
}

/** The same programs as an image that was made for them holds them. */
export function holdKubernetes(node: FakeNode, version: string): void {
  node.write('usr/local/bin/kubeadm', kubeadmOf(version), 0o755);
  node.write('usr/local/bin/kubelet', kubeletOf(version), 0o755);
  node.write('usr/local/bin/kubectl', kubectlOf(version), 0o755);
}

/** A node of the kubeadm cluster `dev` right after its seed, with `v1.36.1` and `v1.36.3` on the mirror. */
export function makeKubeadmNode(shell: string, role: 'control-plane' | 'worker', changes: NodeChanges = {}): FakeNode {
  const version = 'v1.36.1';
  const recipe = kubeadm.recipe({ distribution: 'kubeadm', version, image: 'x', controlPlane: { machineClass: 'x' } });
  const node = makeFakeNode(shell, kubeadm, nodeOf(recipe, { distribution: 'kubeadm', version }, role, changes));
  publishKubernetes(node, version);
  publishKubernetes(node, 'v1.36.3');
  publishKubernetes(node, 'v1.37.0');
  node.write(
    'on-start',
    `[ "$2" != kubelet ] || {
  [ -e "$KRECONCILE_ROOT/unreported" ] || kubelet --version | sed "s/Kubernetes //" >"$KRECONCILE_ROOT/reported"
  [ ! -e "$KRECONCILE_ROOT/slow" ] || echo "$(($(date +%s) + $(cat "$KRECONCILE_ROOT/slow")))" >"$KRECONCILE_ROOT/serves-at"
}\n`,
  );
  node.write('snapshot-status', '{"hash":1,"revision":7,"totalKey":42,"totalSize":9}\n');
  return node;
}
