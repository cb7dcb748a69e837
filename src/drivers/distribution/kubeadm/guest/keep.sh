# What is kept before an upgrade, for going back: programs on the root disk, configuration on the state disk.
# Of one version only: $KUBEADM_KEPT/<version> with manifests/, pki/, *.conf, kubelet/ and, on a control plane, how many there were; where
# it is alone and gets another minor, also a backup of that moment: the one that a disruption takes beforehand may be hours old.
KUBEADM_KEPT=$KUBERNETES/kreconcile/previous
# Stands from before kubeadm touches anything until the upgrade has ended well: what is kept then is not taken anew.
KUBEADM_UPGRADING=$KUBERNETES/kreconcile/upgrading
KUBELET_FOLDER=$ROOT/var/lib/kubelet
KUBELET_FILES='config.yaml instance-config.yaml kubeadm-flags.env'

keep_programs() {
	[ "$upgrade_from" != "$version" ] && [ ! -d "$KUBEADM_PREVIOUS/$upgrade_from" ] || return 0
	rm -rf "$KUBEADM_PREVIOUS" && mkdir -p "$KUBEADM_PREVIOUS/.part"
	for program in kubeadm kubelet kubectl; do
		cp -p "$upgrade_programs/$program" "$KUBEADM_PREVIOUS/.part/$program" || fail "$program could not be kept"
	done
	sync
	mv "$KUBEADM_PREVIOUS/.part" "$KUBEADM_PREVIOUS/$upgrade_from"
}

keep_configuration() {
	[ ! -f "$KUBEADM_UPGRADING" ] && [ "$upgrade_from" != "$version" ] || return 0
	kept_part=$KUBEADM_KEPT/.part
	rm -rf "$KUBEADM_KEPT" && mkdir -p "$kept_part/kubelet" && chmod 0700 "$KUBEADM_KEPT" || fail 'the configuration could not be kept'
	for kept in "$KUBERNETES"/manifests "$KUBERNETES"/pki "$KUBERNETES"/*.conf; do
		[ ! -e "$kept" ] || cp -a "$kept" "$kept_part/" || fail "$kept could not be kept"
	done
	for kept in $KUBELET_FILES; do
		[ ! -f "$KUBELET_FOLDER/$kept" ] || cp -a "$KUBELET_FOLDER/$kept" "$kept_part/kubelet/" || fail "$kept could not be kept"
	done
	if [ "$ROLE" = control-plane ]; then
		kept_nodes=$(kube --request-timeout=20s get nodes -l node-role.kubernetes.io/control-plane -o name) ||
			fail 'the control planes could not be counted: nothing was begun'
		echo "$kept_nodes" | grep -c . >"$kept_part/control-planes" || :
		if [ "$(cat "$kept_part/control-planes")" = 1 ] && [ "$(minor_of "$upgrade_from")" != "$(minor_of "$version")" ]; then
			BACKUP_FILE=$kept_part/datastore
			dist_backup
		fi
	fi
	sync
	mv "$kept_part" "$KUBEADM_KEPT/$upgrade_from" && echo "$upgrade_from $version" >"$KUBEADM_UPGRADING" || fail 'the configuration could not be kept'
	sync
}

# manifests_as_kept FOLDER: whether datastore and API server are those of the version before.
manifests_as_kept() {
	for component in etcd kube-apiserver; do
		cmp -s "$1/manifests/$component.yaml" "$KUBERNETES/manifests/$component.yaml" || return 1
	done
}

# forget_untouched: a run that failed before kubeadm exchanged anything leaves nothing to undo. kubeadm puts manifests back by
# itself when it fails later, so only its log tells the two apart.
forget_untouched() {
	if ! grep -Eq 'Moving new manifest|Restarting the etcd' "$KUBEADM_LOG" && manifests_as_kept "$KUBEADM_KEPT/$upgrade_from"; then
		rm -f "$KUBEADM_UPGRADING"
	fi
}

# place_manifest FILE COMPONENT: the kubelet takes any file in that folder for a pod, one that is half written too.
place_manifest() {
	mkdir -p "$KUBERNETES/manifests" && cp "$1" "$KUBERNETES/kreconcile/manifest.new" && chmod 0600 "$KUBERNETES/kreconcile/manifest.new" &&
		sync && mv -f "$KUBERNETES/kreconcile/manifest.new" "$KUBERNETES/manifests/$2.yaml" || fail "the manifest of $2 could not be put back"
}

# restore_manifests: a power cut between kubeadm's two renames leaves a static pod without its manifest.
restore_manifests() {
	for component in $CONTROL_PLANE; do
		[ ! -s "$KUBERNETES/manifests/$component.yaml" ] || continue
		restore_from=''
		for backup in "$KUBEADM_SET_ASIDE/$component.yaml" "$KUBERNETES"/tmp/kubeadm-backup-manifests-*/"$component.yaml"; do
			[ ! -s "$backup" ] || restore_from=$backup
		done
		[ -n "$restore_from" ] || fail "the manifest of $component is gone and no copy of it is left"
		progress "puts back the manifest of $component"
		place_manifest "$restore_from" "$component"
	done
}
