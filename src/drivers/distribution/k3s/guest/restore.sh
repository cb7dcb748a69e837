# A lost server, back from its backup on a fresh machine of the same name.

# On the state disk: the backup whose keys and datastore are in place.
K3S_RESTORING=$ROOT/var/lib/rancher/kreconcile-restoring

# dist_restore: inputs backup, $BACKUP_FILE, whose digest is checked, and version. On a node whose bootstrap left room for it.
dist_restore() {
	[ "$ROLE" = control-plane ] || fail 'only a server is restored'
	[ -f "$K3S_INSTALLED" ] || fail 'the node is not installed yet: bootstrap comes first'
	VERSION=$(version_of "$(k3s_program)")
	if [ ! -f "$K3S_MEMBER" ]; then
		restore_version=$(input version)
		[ "${VERSION%.*}" = "${restore_version%.*}" ] || fail "the backup is of $restore_version, and $VERSION is installed"
		set_endpoint_hosts 127.0.0.1 || fail 'the endpoint could not be named in /etc/hosts'
		open_backup
		[ "$(cat "$K3S_RESTORING" 2>/dev/null)" = "$(input backup)" ] || bring_back
		progress 'starts k3s'
		service_enable k3s && service_begin k3s || fail 'k3s does not start: see journalctl -u k3s'
		api_serves || fail 'the API server does not become ready: see journalctl -u k3s'
		# A backup of before node passwords were in it: the server must forget the old one to let this machine in.
		[ -s "$K3S_OPENED/node-password" ] || kube --request-timeout=20s -n kube-system delete secret "$NODE_NAME.node-password.k3s" --ignore-not-found >/dev/null ||
			fail 'the password of the lost machine could not be taken away'
		wait_for "$API_WAIT_SECONDS" node_reports "$VERSION" || fail 'the node does not come back: see journalctl -u k3s'
		become_member 127.0.0.1
	fi
	service_start k3s || fail 'k3s does not start: see journalctl -u k3s'
	rm -rf "$K3S_RESTORING" "$K3S_OPENED" "$K3S_DATA/server/db.kreconcile-failed" "$K3S_DATA"/server/db/etcd-old-*
	result version "$VERSION"
	progress 'restored'
}

# bring_back: token, keys and datastore. The token is the key of the datastore, and as a server's own it has no digest of the CA in front.
bring_back() {
	rm -f "$K3S_RESTORING"
	service_stop k3s || fail 'k3s could not be stopped'
	(umask 077 && sed 's/^K10[0-9a-f]*::[a-z]*://' "$K3S_OPENED/token" >"$K3S_CONFIG/token.new") && mv -f "$K3S_CONFIG/token.new" "$K3S_CONFIG/token" ||
		fail 'the token could not be put in place'
	[ ! -s "$K3S_OPENED/node-password" ] || install_file "$K3S_OPENED/node-password" "$ROOT/etc/rancher/node/password" 0600 ||
		fail 'the node password could not be put in place'
	rm -rf "$K3S_DATA/server/tls" "$K3S_DATA/server/cred" "$K3S_DATA/server/token" "$K3S_DATA/server/db"
	mkdir -p "$K3S_DATA/server"
	# Keys keep their times: k3s compares them with those in the datastore. Out of an etcd snapshot it takes them by itself.
	if [ ! -s "$K3S_OPENED/snapshot.db" ]; then
		for kept in tls cred token; do
			cp -Rp "$K3S_OPENED/$kept" "$K3S_DATA/server/" || fail "$kept could not be put in place"
		done
	fi
	replace_datastore
	note "$K3S_RESTORING" "$(input backup)"
}
