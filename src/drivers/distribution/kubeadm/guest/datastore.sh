# The datastore, back into the cluster: with the control plane held still, by the etcdutl of the image that runs it.
ETCD_FOLDER=$ROOT/var/lib/etcd
# Where the snapshot becomes a datastore, beside the one that it replaces: both on the state disk.
ETCD_RESTORED=$ETCD_FOLDER/kreconcile-restored
ETCD_FAILED=$ETCD_FOLDER/kreconcile-failed
ETCD_IMAGE_MOUNT=$RUN_FOLDER/etcd-image
# Manifests set aside while the control plane is held: the kubelet runs what stands in its folder.
KUBEADM_SET_ASIDE=$KUBERNETES/kreconcile/set-aside

# hold_control_plane: nothing of it runs and nothing of it is started, at the next boot either.
hold_control_plane() {
	progress 'holds the control plane'
	service_stop kubelet || :
	mkdir -p "$KUBEADM_SET_ASIDE" && chmod 0700 "$KUBEADM_SET_ASIDE"
	for component in $CONTROL_PLANE; do
		rm -f "$KUBERNETES/manifests/$component.yaml.kreconcile-new"
		[ ! -f "$KUBERNETES/manifests/$component.yaml" ] ||
			mv -f "$KUBERNETES/manifests/$component.yaml" "$KUBEADM_SET_ASIDE/$component.yaml" || fail "the manifest of $component could not be set aside"
	done
	sync
	stop_control_plane
}

# stop_control_plane: its containers end. A kubelet that runs and has their manifests starts them anew.
stop_control_plane() {
	service_start containerd || fail 'containerd does not start: see journalctl -u containerd'
	stopped_tasks=$(control_plane_tasks)
	signal_tasks SIGTERM
	wait_for 40 tasks_ended || { signal_tasks SIGKILL && wait_for 20 tasks_ended; } || fail 'the control plane does not stop'
}

signal_tasks() {
	for task in $stopped_tasks; do ctr -n k8s.io tasks kill --signal "$1" "$task" >/dev/null 2>&1 || :; done
}

# control_plane_tasks: ids of its containers that run, by the labels that the kubelet gives them.
control_plane_tasks() {
	running_tasks=$(ctr -n k8s.io tasks ls 2>/dev/null | awk '$3 == "RUNNING" { print $1 }')
	for component in $CONTROL_PLANE; do
		for container in $(ctr -n k8s.io containers ls -q "labels.\"io.kubernetes.container.name\"==$component,labels.\"io.kubernetes.pod.namespace\"==kube-system" 2>/dev/null); do
			if echo "$running_tasks" | grep -qxF "$container"; then echo "$container"; fi
		done
	done
}

tasks_ended() {
	running_tasks=$(ctr -n k8s.io tasks ls 2>/dev/null | awk '$3 == "RUNNING" { print $1 }') || return 1
	for task in $stopped_tasks; do
		if echo "$running_tasks" | grep -qxF "$task"; then return 1; fi
	done
}

# mount_etcdutl IMAGE: ETCDUTL becomes the program in that image. The image has no shell, and needs none: the program is static.
mount_etcdutl() {
	service_start containerd || fail 'containerd does not start: see journalctl -u containerd'
	release_etcdutl
	mkdir -p "$ETCD_IMAGE_MOUNT"
	ctr -n k8s.io images mount "$1" "$ETCD_IMAGE_MOUNT" >"$KUBEADM_LOG" 2>&1 || fail "the image $1 cannot be opened: $(logged_failure)"
	for folder in usr/local/bin usr/bin bin; do
		ETCDUTL=$ETCD_IMAGE_MOUNT/$folder/etcdutl
		[ ! -x "$ETCDUTL" ] || return 0
	done
	release_etcdutl
	fail "the image $1 has no etcdutl"
}

release_etcdutl() {
	[ -d "$ETCD_IMAGE_MOUNT" ] || return 0
	ctr -n k8s.io images unmount --rm "$ETCD_IMAGE_MOUNT" >/dev/null 2>&1 || umount "$ETCD_IMAGE_MOUNT" 2>/dev/null || :
	rmdir "$ETCD_IMAGE_MOUNT" 2>/dev/null || :
}

# open_backup FOLDER: the backup's files, in a folder that only root enters.
open_backup() {
	rm -rf "$1" && mkdir -p "$1" && chmod 0700 "$1" || fail "$1 could not be made"
	tar -C "$1" -xzf "$BACKUP_FILE" 2>/dev/null && [ -s "$1/snapshot.db" ] && [ -s "$1/pki/ca.key" ] ||
		fail 'the backup cannot be opened, or is none of a kubeadm control plane'
}

# advertised_address: of this node's API server and etcd.
advertised_address() {
	advertised=$(sed -n 's/^ *advertiseAddress: *"\{0,1\}\([0-9a-fA-F.:]*\).*/\1/p' "$KUBEADM_FILES/init.yaml" | head -n 1)
	[ -n "$advertised" ] || advertised=$NODE_ADDRESS
	[ -n "$advertised" ] || advertised=$(ip -4 route get 192.0.2.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p')
	case $advertised in '') fail 'this node has no address' ;; *:*) echo "[$advertised]" ;; *) echo "$advertised" ;; esac
}

# replace_datastore SNAPSHOT: while the control plane is held. What stood there before is dropped by drop_leftovers. Cut off anywhere it
# is begun anew or goes on: a restored folder counts once it is complete, and is taken by renames.
replace_datastore() {
	if [ ! -f "$ETCD_RESTORED/.complete" ]; then
		progress 'restores the snapshot'
		rm -rf "$ETCD_RESTORED"
		peer_url=https://$(advertised_address):2380
		# Watchers must never see the revision go back (etcd's advice for Kubernetes); etcd 3.5 had no such option at first.
		bump=''
		if "$ETCDUTL" snapshot restore --help 2>&1 | grep -q -e --bump-revision; then bump='--bump-revision 1000000000 --mark-compacted'; fi
		# Two words or none.
		# shellcheck disable=SC2086
		"$ETCDUTL" snapshot restore "$1" --data-dir "$ETCD_RESTORED" --name "$NODE_NAME" --initial-cluster "$NODE_NAME=$peer_url" \
			--initial-advertise-peer-urls "$peer_url" $bump >"$KUBEADM_LOG" 2>&1 || fail "etcdutl snapshot restore: $(logged_failure)"
		sync
		: >"$ETCD_RESTORED/.complete"
		sync
	fi
	if [ -d "$ETCD_RESTORED/member" ]; then
		rm -rf "$ETCD_FAILED"
		[ ! -d "$ETCD_FOLDER/member" ] || mv "$ETCD_FOLDER/member" "$ETCD_FAILED" || fail 'the datastore could not be set aside'
		mv "$ETCD_RESTORED/member" "$ETCD_FOLDER/member" || fail 'the restored datastore could not be put in place'
		sync
	fi
}

drop_leftovers() { rm -rf "$ETCD_RESTORED" "$ETCD_FAILED" "$KUBEADM_SET_ASIDE" "$KUBEADM_WORK"; }
