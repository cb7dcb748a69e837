# Back to the version before, and the datastore back from a backup.

# Decided before anything is changed: `<version> no`, `<version> yes` (the datastore is to go back) or `<version> done` (it has).
K3S_RETURN=$ROOT/var/lib/rancher/kreconcile-rollback
K3S_OPENED=$ROOT/var/lib/kreconcile-guest/k3s-backup

# dist_rollback: inputs version (that failed), to, and backup, $BACKUP_FILE, for where the upgrade kept none. Results version and restored.
dist_rollback() {
	return_from=$(input version)
	return_to=$(input to)
	return_program=$(k3s_program)
	return_data=no
	[ -f "$K3S_MEMBER" ] || fail 'this node is no member of a cluster'
	kept_version='' kept_servers=''
	[ ! -r "$K3S_KEPT" ] || read -r kept_version kept_servers <"$K3S_KEPT" || :
	if [ "$(version_of "$return_program")" = "$return_to" ] && [ ! -f "$K3S_UPGRADING" ] && [ ! -f "$K3S_RETURN" ]; then
		service_start "$K3S_SERVICE" || fail "k3s does not start: see journalctl -u $K3S_SERVICE"
	else
		[ "$kept_version" = "$return_to" ] || fail "nothing of $return_to was kept on this node"
		[ -x "$K3S_PREVIOUS/$return_to/k3s" ] || take_k3s "$return_to" "$K3S_PREVIOUS/$return_to/k3s"
		# What the upgrade kept when it began is younger than any backup from before it.
		if [ -s "$K3S_BEFORE" ] && gzip -t "$K3S_BEFORE" 2>/dev/null; then BACKUP_FILE=$K3S_BEFORE; fi
		decide_return
		if ! is_back && ! return_once; then
			[ "$return_data" = no ] && may_return_data || fail "k3s $return_to does not serve: see journalctl -u $K3S_SERVICE"
			progress "k3s $return_to does not serve with the data as it is"
			open_backup
			note_return yes
			return_once || fail "k3s $return_to does not serve, with the datastore of the backup either: see journalctl -u $K3S_SERVICE"
		fi
		wait_for "$API_WAIT_SECONDS" node_reports "$return_to" || fail "the node does not report $return_to: see journalctl -u $K3S_SERVICE"
	fi
	note "$K3S_VERSION" "$return_to"
	rm -rf "${K3S_STAGED:?}/$return_from" "$K3S_DATA/server/db.kreconcile-failed" "$K3S_DATA"/server/db/etcd-old-* "$K3S_OPENED"
	rm -rf "$K3S_UPGRADING" "$K3S_RETURN" "$K3S_BEFORE" "$K3S_BEFORE".*
	result version "$return_to"
	if [ "$return_data" = no ]; then result restored no; else result restored yes; fi
	progress "runs $return_to"
}

note_return() {
	return_data=$1
	note "$K3S_RETURN" "$return_to $1"
}

# decide_return: return_data. Within a minor the older program reads what the newer one wrote, and nothing is lost.
decide_return() {
	noted_to='' noted_data=''
	[ ! -s "$K3S_RETURN" ] || read -r noted_to noted_data <"$K3S_RETURN" || :
	if [ "$noted_to" = "$return_to" ]; then
		return_data=$noted_data
	elif [ "$ROLE" = control-plane ] && [ "$kept_servers" = 1 ] && [ "${return_from%.*}" != "${return_to%.*}" ]; then
		may_return_data || fail "the datastore was written by $return_from, and the backup to go back with is not here; nothing was changed"
		return_data=yes
	fi
	[ "$return_data" != yes ] || open_backup
	note_return "$return_data"
}

may_return_data() { [ "$ROLE" = control-plane ] && [ "$kept_servers" = 1 ] && [ -n "$BACKUP_FILE" ] && [ -s "$BACKUP_FILE" ]; }

# is_back: an earlier try got that far, and only did not wait for long enough.
is_back() {
	[ "$ROLE" = control-plane ] && [ "$return_data" != yes ] && [ "$(version_of "$return_program")" = "$return_to" ] &&
		service_active "$K3S_SERVICE" && api_serves
}

# return_once: all of it can be done again from the start; fails where the older version's API server does not serve in time. Data goes
# back only for that, so it has all the time that there is.
return_once() {
	progress "goes back to $return_to"
	service_stop "$K3S_SERVICE" || fail 'k3s could not be stopped'
	install_file "$K3S_PREVIOUS/$return_to/k3s" "$return_program" 0755 || fail "k3s $return_to could not be put back"
	sync
	if [ "$return_data" = yes ]; then
		replace_datastore
		note_return 'done'
	fi
	progress "starts k3s $return_to"
	service_begin "$K3S_SERVICE" || return 1
	[ "$ROLE" != control-plane ] || api_serves
}

# open_backup: its files, in a folder that only root enters.
open_backup() {
	progress 'opens the backup'
	rm -rf "$K3S_OPENED" && mkdir -p "$K3S_OPENED" && chmod 0700 "$K3S_OPENED" || fail 'the backup could not be opened'
	tar -C "$K3S_OPENED" -xzf "$BACKUP_FILE" 2>/dev/null && [ -s "$K3S_OPENED/token" ] &&
		{ [ -s "$K3S_OPENED/snapshot.db" ] || [ -s "$K3S_OPENED/db/state.db" ]; } ||
		fail 'the backup cannot be opened, or is none of a k3s server'
}

# replace_datastore: while k3s stands still, from the opened backup. A folder at a time, so that no file meets the log of another.
replace_datastore() {
	if [ -s "$K3S_OPENED/snapshot.db" ]; then
		progress 'restores the etcd snapshot'
		# k3s leaves it where a reset was cut off, and refuses the next.
		rm -f "$K3S_DATA/server/db/reset-flag"
		timeout 900 k3s server --cluster-reset "--cluster-reset-restore-path=$K3S_OPENED/snapshot.db" >"$OPERATION/reset" 2>&1 ||
			fail "k3s server --cluster-reset: $(grep -Ei 'level=(fatal|error)' "$OPERATION/reset" | tail -n 1)"
	else
		progress 'restores the datastore'
		restored=$K3S_DATA/server/db.kreconcile-restored
		rm -rf "$restored" && cp -Rp "$K3S_OPENED/db" "$restored" && sync || fail 'the datastore could not be copied'
		rm -rf "$K3S_DATA/server/db.kreconcile-failed"
		[ ! -d "$K3S_DATA/server/db" ] || mv "$K3S_DATA/server/db" "$K3S_DATA/server/db.kreconcile-failed" || fail 'the datastore could not be set aside'
		mv "$restored" "$K3S_DATA/server/db" || fail 'the restored datastore could not be put in place'
	fi
	sync
}
