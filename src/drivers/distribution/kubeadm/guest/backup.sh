# The datastore, out of the cluster.

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

