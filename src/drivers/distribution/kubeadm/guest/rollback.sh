# Back to the version before an upgrade that failed, or that did not prove itself.

# Decided before anything is changed, because what tells whether the newer version ran is undone on the way:
# `<version> no`, `<version> yes` (the datastore is to go back) or `<version> done` (it has).
KUBEADM_RETURN=$KUBERNETES/kreconcile/rollback

# dist_rollback: inputs version (that failed), to, and backup, $BACKUP_FILE, for where the upgrade kept none. Results version and restored.
dist_rollback() {
	return_from=$(input version)
	return_to=$(input to)
	return_kept=$KUBEADM_KEPT/$return_to
	[ -f "$KUBEADM_MEMBER" ] || fail 'this node is no member of a cluster'
	if [ ! -d "$return_kept" ] && [ "$(kubelet_version)" != "$return_to" ]; then fail "nothing of $return_to was kept on this node"; fi
	hold_programs
	if [ ! -d "$return_kept" ]; then
		# The upgrade never came as far as this node's configuration, or all of this was done before.
		put_programs_back
		service_start kubelet || fail 'the kubelet does not start: see journalctl -u kubelet'
		end_return
		return 0
	fi
	# They ran here before. Should they be gone by now, better to fetch them while everything still runs.
	if [ "$ROLE" = control-plane ]; then (pull_images "$return_to" "$KUBEADM_PREVIOUS/$return_to/kubeadm") || progress "the images of $return_to are left to the kubelet"; fi
	prefer_kept_data
	decide_return
	if ! is_back && ! return_once; then
		[ "$return_data" = no ] && may_return_data || fail "$return_to does not serve: see journalctl -u kubelet and /var/log/pods"
		progress "$return_to does not serve with the data as it is"
		rm -rf "$ETCD_RESTORED"
		prepare_data
		note_return yes
		return_once || fail "$return_to does not serve, with the datastore of the backup either: see journalctl -u kubelet and /var/log/pods"
	fi
	wait_for "$API_WAIT_SECONDS" node_reports "$return_to" || fail "the kubelet does not report $return_to: see journalctl -u kubelet"
	end_return
}

note_return() {
	return_data=$1
	echo "$return_to $1" >"$KUBEADM_RETURN.new" && sync && mv -f "$KUBEADM_RETURN.new" "$KUBEADM_RETURN" || fail 'the state disk cannot be written'
	sync
}

# decide_return: return_data. Within a minor the older version reads what the newer one wrote, and nothing is lost. etcd itself
# knows no way from a newer minor to an older one.
decide_return() {
	return_data=''
	if [ -s "$KUBEADM_RETURN" ]; then read -r noted_to noted_data <"$KUBEADM_RETURN" && [ "$noted_to" != "$return_to" ] || return_data=$noted_data; fi
	if [ -z "$return_data" ]; then
		return_data=no
		if newer_ran && [ "$(minor_of "$return_from")" != "$(minor_of "$return_to")" ] && is_single; then
			may_return_data || fail "the datastore was written by $return_from, and the backup to go back with is not here; nothing was changed"
			return_data=yes
		fi
		rm -rf "$ETCD_RESTORED"
	fi
	[ "$return_data" != yes ] || prepare_data
	note_return "$return_data"
}

# prefer_kept_data: what the upgrade kept when it began is younger than any backup from before it.
prefer_kept_data() {
	if [ -s "$return_kept/datastore" ] && gzip -t "$return_kept/datastore" 2>/dev/null; then BACKUP_FILE=$return_kept/datastore; fi
}

# newer_ran: whether API server or etcd may have been of the newer version, for however short a time.
newer_ran() {
	[ "$ROLE" = control-plane ] || return 1
	[ -f "$KUBEADM_UPGRADING" ] || ! manifests_as_kept "$return_kept"
}

is_single() { [ "$(cat "$return_kept/control-planes" 2>/dev/null)" = 1 ]; }

may_return_data() { [ "$ROLE" = control-plane ] && is_single && [ -n "$BACKUP_FILE" ] && [ -s "$BACKUP_FILE" ]; }

# prepare_data: everything that restoring takes is at hand before anything is disturbed.
prepare_data() {
	progress 'opens the backup'
	open_backup "$KUBEADM_WORK"
	mount_etcdutl "$(sed -n 's/^ *image: *"\{0,1\}\([^" ]*\).*/\1/p' "$return_kept/manifests/etcd.yaml" | head -n 1)"
}

# hold_programs: those of the version before, from this root, else from the mirror.
hold_programs() {
	return_programs=$(program_folder)
	for program in kubeadm kubelet kubectl; do
		[ ! -x "$KUBEADM_PREVIOUS/$return_to/$program" ] || continue
		[ "$(program_version $program)" != "$return_to" ] || continue
		progress "$program $return_to"
		take_program "$return_to" "$program" "$KUBEADM_PREVIOUS/$return_to/$program"
	done
}

put_programs_back() {
	for program in kubeadm kubectl kubelet; do
		[ -x "$KUBEADM_PREVIOUS/$return_to/$program" ] || continue
		cmp -s "$KUBEADM_PREVIOUS/$return_to/$program" "$return_programs/$program" ||
			install_file "$KUBEADM_PREVIOUS/$return_to/$program" "$return_programs/$program" 0755 || fail "$program could not be put back"
	done
}

# is_back: kubeadm itself, or an earlier try, has put back what runs, and it only takes its time: nothing of it is stopped again.
is_back() {
	[ "$ROLE" = control-plane ] && [ "$return_data" != yes ] && [ "$(kubelet_version)" = "$return_to" ] || return 1
	for component in $CONTROL_PLANE; do
		cmp -s "$return_kept/manifests/$component.yaml" "$KUBERNETES/manifests/$component.yaml" || return 1
	done
	for kept in $KUBELET_FILES; do
		[ ! -f "$return_kept/kubelet/$kept" ] || cmp -s "$return_kept/kubelet/$kept" "$KUBELET_FOLDER/$kept" || return 1
	done
	put_programs_back
	progress "waits for $return_to"
	service_start kubelet && api_serves
}

# return_once: all of it can be done again from the start; fails where the older version's API server does not serve in time. Data goes
# back only for that, so it has all the time that there is.
return_once() {
	progress "goes back to $return_to"
	if [ "$ROLE" = control-plane ]; then
		hold_control_plane
		if [ "$return_data" = yes ]; then
			replace_datastore "$KUBEADM_WORK/snapshot.db"
			release_etcdutl
			note_return 'done'
		fi
	else
		service_stop kubelet || :
	fi
	put_programs_back
	put_configuration_back
	progress "starts $return_to"
	service_start kubelet || fail 'the kubelet does not start: see journalctl -u kubelet'
	[ "$ROLE" != control-plane ] || api_serves
}

put_configuration_back() {
	if [ -d "$return_kept/pki" ]; then
		rm -rf "$KUBERNETES/pki.new" && cp -a "$return_kept/pki" "$KUBERNETES/pki.new" && sync || fail 'the certificates could not be put back'
		rm -rf "$KUBERNETES/pki" && mv "$KUBERNETES/pki.new" "$KUBERNETES/pki" || fail 'the certificates could not be put back'
	fi
	for kept in "$return_kept"/*.conf; do
		[ ! -f "$kept" ] || install_file "$kept" "$KUBERNETES/${kept##*/}" 0600 || fail "${kept##*/} could not be put back"
	done
	for kept in $KUBELET_FILES; do
		if [ -f "$return_kept/kubelet/$kept" ]; then
			install_file "$return_kept/kubelet/$kept" "$KUBELET_FOLDER/$kept" 0644 || fail "$kept could not be put back"
		else
			rm -f "$KUBELET_FOLDER/$kept"
		fi
	done
	# Last: from here on the control plane runs again.
	for component in $CONTROL_PLANE; do
		[ ! -f "$return_kept/manifests/$component.yaml" ] || place_manifest "$return_kept/manifests/$component.yaml" "$component"
	done
	sync
}

# end_return: nothing of the version that failed is taken for done by a later try.
end_return() {
	return_restored=no
	[ "${return_data:-no}" = no ] || return_restored=yes
	if [ "$ROLE" = control-plane ] && [ "$return_restored" = no ] && [ -n "${return_data:-}" ] && tells_version; then tell_cluster_version; fi
	note_version "$return_to"
	rm -rf "${KUBEADM_STAGED:?}/$return_from" "$KUBERNETES"/tmp/kubeadm-backup-* "$KUBERNETES"/tmp/kubeadm-upgraded-manifests* "$KUBERNETES"/tmp/kubeadm-kubelet-*
	rm -f "$KUBEADM_UPGRADING"
	rm -rf "$KUBEADM_KEPT.done"
	[ ! -d "$KUBEADM_KEPT" ] || mv "$KUBEADM_KEPT" "$KUBEADM_KEPT.done"
	rm -f "$KUBEADM_RETURN"
	rm -rf "$KUBEADM_KEPT.done"
	drop_leftovers
	result version "$return_to"
	result restored "$return_restored"
	progress "runs $return_to"
}

# tells_version: not where another control plane runs the newer version, and this one only followed.
tells_version() { is_single || [ -f "$return_kept/applies" ]; }

# tell_cluster_version: kubeadm's own note of the version, which later joins read. Not worth failing for.
tell_cluster_version() {
	cluster_note=$OPERATION/cluster-version.yaml
	{
		printf 'data:\n  ClusterConfiguration: |\n'
		cluster_configuration |
			sed "s/^kubernetesVersion: .*/kubernetesVersion: $return_to/; s/^/    /"
	} >"$cluster_note"
	if grep -q '^    kubernetesVersion: ' "$cluster_note"; then
		kube --request-timeout=20s -n kube-system patch configmap kubeadm-config --patch-file "$cluster_note" >/dev/null 2>&1 || :
	fi
	rm -f "$cluster_note"
}
