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

# dist_upgrade: input version. Ends when the kubelet that the cluster sees is the new one.
dist_upgrade() {
	need_state
	version=$(input version)
	upgrade_staged=$KUBEADM_STAGED/$version
	upgrade_from=$(kubelet_version)
	upgrade_programs=$(program_folder)
	if [ "$upgrade_from" != "$version" ] || [ -f "$upgrade_staged/.complete" ]; then
		[ -f "$upgrade_staged/.complete" ] || fail "$version is not staged"
		keep_programs
		install_file "$upgrade_staged/kubeadm" "$upgrade_programs/kubeadm" 0755 || fail 'kubeadm could not be installed'
		[ -f "$upgrade_staged/applied" ] || upgrade_configuration
		swap_kubelet
	fi
	note_version "$version"
	rm -f "$KUBEADM_UPGRADING"
	rm -rf "$upgrade_staged" "$KUBERNETES"/tmp/kubeadm-backup-* "$KUBERNETES"/tmp/kubeadm-upgraded-manifests* "$KUBERNETES"/tmp/kubeadm-kubelet-*
	result version "$version"
	progress "runs $version"
}

upgrade_configuration() {
	write_upgrade_file
	if [ "$ROLE" = control-plane ]; then
		restore_manifests
		progress 'waits for the API server'
		api_serves || fail 'the API server does not answer: nothing was begun'
		keep_configuration
		# The first control plane takes the cluster to the version, the others follow it.
		if is_cluster_upgraded; then set -- node; else set -- apply "$version" --yes; fi
		run_logged "upgrade to $version" kubeadm upgrade "$@" --config "$KUBEADM_FILES/upgrade.yaml" || {
			apply_failure=$(logged_failure)
			forget_untouched
			[ ! -f "$KUBEADM_UPGRADING" ] || result touched yes
			fail "kubeadm upgrade $1: $apply_failure"
		}
	else
		keep_configuration
		run_logged "upgrade to $version" kubeadm upgrade node --config "$KUBEADM_FILES/upgrade.yaml" ||
			fail "kubeadm upgrade node: $(logged_failure)"
	fi
	: >"$upgrade_staged/applied"
	sync
}

# write_upgrade_file: as the manifests have it today. A seed of release 0.1.0 brought the file itself, and no such setting.
write_upgrade_file() {
	[ -n "${UPGRADE_CONFIGURATION-}" ] || return 0
	printf '%s\n' "$UPGRADE_CONFIGURATION" | replace_file "$KUBEADM_FILES/upgrade.yaml" || fail "kubeadm's configuration for upgrades could not be written"
}

# is_cluster_upgraded: another control plane has brought the cluster to the version. What this one began itself, it ends as it began.
is_cluster_upgraded() {
	upgrade_kept=$KUBEADM_KEPT/$upgrade_from
	[ ! -f "$upgrade_kept/applies" ] || return 1
	if [ "$(cat "$upgrade_kept/control-planes" 2>/dev/null || echo 1)" -gt 1 ] && cluster_configuration | grep -qxF "kubernetesVersion: $version"; then return 0; fi
	[ ! -d "$upgrade_kept" ] || : >"$upgrade_kept/applies"
	return 1
}

cluster_configuration() {
	kube --request-timeout=20s -n kube-system get configmap kubeadm-config -o 'jsonpath={.data.ClusterConfiguration}'
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
	result touched yes
	fail "the kubelet does not report $version: see journalctl -u kubelet"
}

# node_reports VERSION: said by a kubelet that registered, not by a file.
node_reports() {
	[ "$(node_kube --request-timeout=20s get node "$NODE_NAME" -o 'jsonpath={.status.nodeInfo.kubeletVersion}')" = "$1" ]
}
