# Several control planes: each is a member of etcd. One more joins, one leaves.

in_member() {
	in_etcd etcdctl --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/server.crt --key=/etc/kubernetes/pki/etcd/server.key "$@"
}

# etcd_member NODE: id and client URL of its member, nothing if it is none.
etcd_member() {
	in_member --endpoints=https://127.0.0.1:2379 member list -w simple | awk -F', ' -v name="$1" '$3 == name { print $1, $5; exit }'
}

# dist_remove_member NODE: out of etcd, while the others are a majority. Gone already is success.
dist_remove_member() {
	[ "$1" != "$NODE_NAME" ] || fail 'a control plane does not take itself out of etcd'
	member_found=$(etcd_member "$1") || fail 'etcd does not tell its members'
	[ -n "$member_found" ] || return 0
	in_member --endpoints=https://127.0.0.1:2379 member remove "${member_found%% *}" >&2 || fail "$1 could not be taken out of etcd"
}

# offer_membership NODE: what a control plane needs beside a token. A member of that name that does not answer is one whose disk is lost,
# or whose join was cut off: etcd must forget it first.
offer_membership() {
	offered_member=$(etcd_member "$1") || return 1
	if [ -n "$offered_member" ] && ! in_member --endpoints="${offered_member#* }" endpoint health >&2; then
		dist_remove_member "$1"
		offered_member=''
	fi
	offered_config=$RUN_FOLDER/upload-certs.yaml
	mkdir -p "$RUN_FOLDER"
	# The file is as old as the root disk, and kubeadm reads no configuration of a much older version.
	sed "s/^kubernetesVersion: .*/kubernetesVersion: $(program_version kubeadm)/" "$KUBEADM_FILES/init.yaml" >"$offered_config" || return 1
	offered_key=$(kubeadm init phase upload-certs --upload-certs --config "$offered_config" | grep -Ex '[0-9a-f]{64}') || return 1
	rm -f "$offered_config"
	printf 'certificateKey=%s\n' "$offered_key"
	printf 'etcdMember=%s\n' "$([ -z "$offered_member" ] && echo none || echo there)"
}

# join_as_member ADDRESS: while joining, the endpoint's name leads to a control plane that serves; then to this one.
join_as_member() {
	if has_leftovers; then
		if [ "$(input etcdMember)" = there ] && comes_up; then
			progress 'joined before the interruption'
			return
		fi
		progress 'the interrupted join cannot be resumed; leaves and joins again'
		run_logged reset kubeadm reset -f --cri-socket unix:///run/containerd/containerd.sock || fail "kubeadm reset: $(logged_failure)"
		if [ -d "$ROOT/var/lib/etcd/member" ]; then
			[ "$(input etcdMember)" = none ] || fail 'an interrupted join left a member of etcd that could not be taken out: see etcdctl member list on another control plane'
			rm -rf "$ROOT/var/lib/etcd/member"
		fi
	fi
	set_endpoint_hosts "$1" || fail 'input address is not an address'
	join_cluster
}

has_leftovers() {
	[ ! -d "$ROOT/var/lib/etcd/member" ] || return 0
	for component in $CONTROL_PLANE; do
		[ ! -f "$KUBERNETES/manifests/$component.yaml" ] || return 0
	done
	return 1
}

# comes_up: as a whole control plane, which kubeadm marks as one at the very end.
comes_up() {
	set_endpoint_hosts 127.0.0.1 || return 1
	service_start kubelet && api_serves "$((API_WAIT_SECONDS / 3 + 1))" && is_control_plane "$NODE_NAME"
}
