# Another version: stage, back up, upgrade.

# dist_stage: input version. Downloads, verifies and pulls; disturbs nothing that runs.
dist_stage() {
	version=$(input version)
	stage_folder=$KUBEADM_STAGED/$version
	containerd_fits "$version" || fail "containerd $(containerd_version) is too old for Kubernetes $version, which needs $(containerd_minimum "$version"): take an image with a newer one"
	for program in kubeadm kubelet kubectl; do
		[ ! -f "$stage_folder/$program" ] || continue
		progress "$program $version"
		take_program "$version" "$program" "$stage_folder/$program"
	done
	stage_found=$("$stage_folder/kubeadm" version -o short 2>/dev/null) || stage_found=nothing
	[ "$stage_found" = "$version" ] || fail "the mirror's kubeadm $version says that it is $stage_found"
	sync
	[ "$ROLE" != control-plane ] || pull_images "$version" "$stage_folder/kubeadm"
	progress "staged $version"
}

# pull_images VERSION KUBEADM: only what the node does not hold, so that a prepared image needs no registry.
pull_images() {
	wanted=$(kubeadm_images "$1" "$2") || fail "kubeadm $1 did not name its images"
	held=$(ctr -n k8s.io images ls -q 2>/dev/null) || held=''
	for image in $wanted; do
		if ! echo "$held" | grep -qxF "$image"; then
			progress "pulls the images of $1"
			run_logged "images of $1" "$2" config images pull --config "$KUBEADM_FILES/images-wanted.yaml" ||
				fail "the images of $1 could not be pulled: $(logged_failure)"
			return
		fi
	done
}

# dist_backup: an archive of the etcd snapshot and of the certificates without which no snapshot is of use.
dist_backup() {
	need_state
	[ "$ROLE" = control-plane ] || fail 'only a control plane has a datastore'
	snapshot=kreconcile-snapshot.db
	backup_work=$BACKUP_FILE.work
	rm -rf "$backup_work" "$ROOT/var/lib/etcd/$snapshot"* && mkdir -p "$backup_work" && chmod 0700 "$backup_work"
	progress 'takes an etcd snapshot'
	# The image has no shell, and /var/lib/etcd is the one folder that pod and node share.
	in_etcd etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt \
		--cert=/etc/kubernetes/pki/etcd/server.crt --key=/etc/kubernetes/pki/etcd/server.key \
		snapshot save "/var/lib/etcd/$snapshot" >"$KUBEADM_LOG" 2>&1 || fail "etcdctl snapshot save: $(logged_failure)"
	progress 'opens the snapshot'
	snapshot_status=$(in_etcd etcdutl snapshot status "/var/lib/etcd/$snapshot" -w json 2>"$KUBEADM_LOG") ||
		fail "etcdutl snapshot status: $(logged_failure)"
	snapshot_keys=$(echo "$snapshot_status" | sed -n 's/.*"totalKey":\([0-9]*\).*/\1/p')
	[ "${snapshot_keys:-0}" -gt 0 ] || fail "the etcd snapshot holds no keys: $snapshot_status"
	mv "$ROOT/var/lib/etcd/$snapshot" "$backup_work/snapshot.db" && chmod 0600 "$backup_work/snapshot.db" || fail 'the snapshot could not be moved'
	snapshot_digest=$(sha256sum <"$backup_work/snapshot.db")
	cp -R "$KUBERNETES/pki" "$backup_work/pki" || fail 'the certificates could not be copied'
	progress 'packs the backup'
	(umask 077 && tar -C "$backup_work" -cf - snapshot.db pki | gzip -1 >"$BACKUP_FILE") || fail 'the backup could not be written'
	[ "$(tar -xzOf "$BACKUP_FILE" snapshot.db | sha256sum)" = "$snapshot_digest" ] || fail 'the packed snapshot is not the one that was taken'
	rm -rf "$backup_work"
	result keys "$snapshot_keys"
	result contents 'etcd snapshot, certificates'
	progress "backed up $snapshot_keys keys"
}

in_etcd() { kube -n kube-system exec "etcd-$NODE_NAME" -c etcd -- "$@"; }

# dist_upgrade: input version. Ends when the kubelet that the cluster sees is the new one.
dist_upgrade() {
	need_state
	version=$(input version)
	upgrade_staged=$KUBEADM_STAGED/$version
	upgrade_from=$(kubelet_version)
	upgrade_programs=$(program_folder)
	if [ "$upgrade_from" != "$version" ] || [ -f "$upgrade_staged/.complete" ]; then
		[ -f "$upgrade_staged/.complete" ] || fail "$version is not staged"
		keep_previous
		install_file "$upgrade_staged/kubeadm" "$upgrade_programs/kubeadm" 0755 || fail 'kubeadm could not be installed'
		[ -f "$upgrade_staged/applied" ] || upgrade_configuration
		swap_kubelet
	fi
	rm -rf "$upgrade_staged" "$KUBERNETES"/tmp/kubeadm-backup-* "$KUBERNETES"/tmp/kubeadm-upgraded-manifests* "$KUBERNETES"/tmp/kubeadm-kubelet-*
	result version "$version"
	progress "runs $version"
}

# keep_previous: the programs of the version that ran before, for going back; of one version only.
keep_previous() {
	[ "$upgrade_from" != "$version" ] && [ ! -d "$KUBEADM_PREVIOUS/$upgrade_from" ] || return 0
	rm -rf "$KUBEADM_PREVIOUS" && mkdir -p "$KUBEADM_PREVIOUS/.part"
	for program in kubeadm kubelet kubectl; do
		cp -p "$upgrade_programs/$program" "$KUBEADM_PREVIOUS/.part/$program" || fail "$program could not be kept"
	done
	mv "$KUBEADM_PREVIOUS/.part" "$KUBEADM_PREVIOUS/$upgrade_from"
}

upgrade_configuration() {
	if [ "$ROLE" = control-plane ]; then
		restore_manifests
		progress 'waits for the API server'
		wait_for "$API_WAIT_SECONDS" kube --request-timeout=20s get --raw /readyz || fail 'the API server does not answer: nothing was begun'
		run_logged "upgrade to $version" kubeadm upgrade apply "$version" --yes --config "$KUBEADM_FILES/upgrade.yaml" ||
			fail "kubeadm upgrade apply: $(logged_failure)"
	else
		run_logged "upgrade to $version" kubeadm upgrade node --config "$KUBEADM_FILES/upgrade.yaml" ||
			fail "kubeadm upgrade node: $(logged_failure)"
	fi
	: >"$upgrade_staged/applied"
	sync
}

# restore_manifests: a power cut between kubeadm's two renames leaves a static pod without its manifest.
restore_manifests() {
	for component in etcd kube-apiserver kube-controller-manager kube-scheduler; do
		[ ! -s "$KUBERNETES/manifests/$component.yaml" ] || continue
		restore_from=''
		for backup in "$KUBERNETES"/tmp/kubeadm-backup-manifests-*/"$component.yaml"; do
			[ ! -s "$backup" ] || restore_from=$backup
		done
		[ -n "$restore_from" ] || fail "the manifest of $component is gone and no copy of it is left"
		progress "puts back the manifest of $component"
		install_file "$restore_from" "$KUBERNETES/manifests/$component.yaml" 0600 || fail "the manifest of $component could not be put back"
	done
}

swap_kubelet() {
	progress "kubelet $version"
	for program in kubectl kubelet; do
		install_file "$upgrade_staged/$program" "$upgrade_programs/$program" 0755 || fail "$program could not be installed"
	done
	if service_restart kubelet && wait_for "$API_WAIT_SECONDS" node_reports "$version"; then return; fi
	# An older kubelet under a newer control plane is allowed, a node without kubelet is not.
	if [ -d "$KUBEADM_PREVIOUS/$upgrade_from" ] && [ "$upgrade_from" != "$version" ]; then
		progress "kubelet $version does not serve; puts $upgrade_from back"
		for program in kubectl kubelet; do
			install_file "$KUBEADM_PREVIOUS/$upgrade_from/$program" "$upgrade_programs/$program" 0755 || :
		done
		service_restart kubelet || :
	fi
	fail "the kubelet does not report $version: see journalctl -u kubelet"
}

# node_reports VERSION: said by a kubelet that registered, not by a file.
node_reports() {
	[ "$(node_kube --request-timeout=20s get node "$NODE_NAME" -o 'jsonpath={.status.nodeInfo.kubeletVersion}')" = "$1" ]
}
