# A lost cluster of one control plane, back from its backup on a fresh machine of the same name.

# On the state disk: the backup whose keys and datastore are in place, so that init may go on with them.
KUBEADM_RESTORING=$KUBERNETES/kreconcile/restoring

# dist_restore: inputs backup, $BACKUP_FILE, whose digest is checked, and version. On a node whose bootstrap left room for it.
dist_restore() {
	[ "$ROLE" = control-plane ] || fail 'only a control plane is restored'
	[ -f "$KUBEADM_INSTALLED" ] || fail 'the node is not installed yet: bootstrap comes first'
	if [ -f "$KUBEADM_MEMBER" ]; then
		service_start kubelet || fail 'the kubelet does not start: see journalctl -u kubelet'
		restore_done
		return 0
	fi
	VERSION=$(kubelet_version)
	[ "$(minor_of "$VERSION")" = "$(minor_of "$(input version)")" ] ||
		fail "the backup is of $(input version), and $VERSION is installed"
	set_endpoint_hosts 127.0.0.1 || fail 'the endpoint could not be named in /etc/hosts'
	[ "$(cat "$KUBEADM_RESTORING" 2>/dev/null)" = "$(input backup)" ] || bring_back
	# The datastore is there and stays: kubeadm writes what is missing around it. Nothing here ever resets.
	run_logged 'restores the control plane' kubeadm init --config "$KUBEADM_FILES/init.yaml" --ignore-preflight-errors="$KUBEADM_RESUMED" ||
		fail "kubeadm init: $(logged_failure)"
	become_member 127.0.0.1
	configure_network
	restore_done
}

# bring_back: keys of the cluster and its datastore. Everything is at hand before anything is replaced.
bring_back() {
	progress 'opens the backup'
	open_backup "$KUBEADM_WORK"
	for key in sa.key sa.pub ca.crt etcd/ca.crt etcd/ca.key; do
		[ -s "$KUBEADM_WORK/pki/$key" ] || fail "the backup holds no pki/$key"
	done
	pull_images "$VERSION" kubeadm
	mount_etcdutl "$(kubeadm_images "$VERSION" | grep '/etcd:' | head -n 1)"
	rm -f "$KUBEADM_RESTORING"
	hold_control_plane
	# Not the certificates that were made for the lost machine: kubeadm makes those anew, for this machine's addresses.
	rm -rf "$KUBERNETES/pki"
	for key in ca.crt ca.key sa.pub sa.key front-proxy-ca.crt front-proxy-ca.key etcd/ca.crt etcd/ca.key; do
		key_mode=0600
		case $key in *.crt | *.pub) key_mode=0644 ;; esac
		[ ! -s "$KUBEADM_WORK/pki/$key" ] || install_file "$KUBEADM_WORK/pki/$key" "$KUBERNETES/pki/$key" "$key_mode" ||
			fail "pki/$key could not be put in place"
	done
	rm -f "$KUBERNETES"/*.conf
	rm -rf "$ETCD_RESTORED"
	replace_datastore "$KUBEADM_WORK/snapshot.db"
	release_etcdutl
	drop_leftovers
	mkdir -p "$KUBERNETES/kreconcile"
	input backup >"$KUBEADM_RESTORING.new" && sync && mv -f "$KUBEADM_RESTORING.new" "$KUBEADM_RESTORING" || fail 'the state disk cannot be written'
	sync
}

restore_done() {
	rm -f "$KUBEADM_RESTORING"
	drop_leftovers
	result version "$(kubelet_version)"
	progress 'restored'
}
