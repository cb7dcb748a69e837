# The datastore: etcd if there is one, else SQLite.

# dist_backup: an archive of the datastore with the token, keys and certificates without which it is of no use.
dist_backup() {
	need_state
	[ "$ROLE" = control-plane ] || fail 'only a control plane has a datastore'
	backup_work=$BACKUP_FILE.work
	rm -rf "$backup_work" && mkdir -p "$backup_work" && chmod 0700 "$backup_work"
	if [ -d "$K3S_DATA/server/db/etcd" ]; then backup_etcd; else backup_sqlite; fi
	cp -R "$K3S_DATA/server/tls" "$K3S_DATA/server/cred" "$K3S_DATA/server/token" "$backup_work/" || fail 'token and keys could not be copied'
	# Without it a server refuses a machine that comes back under this name.
	[ ! -s "$ROOT/etc/rancher/node/password" ] || cp -p "$ROOT/etc/rancher/node/password" "$backup_work/node-password" || fail 'the node password could not be copied'
	progress 'packs the backup'
	(umask 077 && tar -C "$backup_work" -cf - . | gzip -1 >"$BACKUP_FILE") || fail 'the backup could not be written'
	[ "$(tar -xzOf "$BACKUP_FILE" "./$backup_file" | sha256sum)" = "$(sha256sum <"$backup_work/$backup_file")" ] ||
		fail 'the packed datastore is not the one that was taken'
	rm -rf "$backup_work"
	progress 'backed up'
}

# backup_etcd: the file ends with the SHA-256 of what stands before it, which etcd wrote and restore checks.
backup_etcd() {
	progress 'takes an etcd snapshot'
	backup_name=kreconcile-$(date +%s)
	k3s etcd-snapshot save --name "$backup_name" >"$backup_work/log" 2>&1 || fail "k3s etcd-snapshot save: $(tail -n 1 "$backup_work/log")"
	rm -f "$backup_work/log"
	backup_file=snapshot.db
	for backup_found in "$K3S_DATA"/server/db/snapshots/"$backup_name"*; do
		mv "$backup_found" "$backup_work/$backup_file" || fail "k3s left no snapshot $backup_name"
	done
	k3s etcd-snapshot prune --name "$backup_name" --snapshot-retention 0 >/dev/null 2>&1 || :
	backup_size=$(wc -c <"$backup_work/$backup_file")
	[ $((backup_size % 512)) -eq 32 ] || fail 'the etcd snapshot is cut off'
	backup_stated=$(tail -c 32 "$backup_work/$backup_file" | od -An -v -tx1 | tr -d ' \n')
	[ "$(head -c $((backup_size - 32)) "$backup_work/$backup_file" | sha256sum | cut -d' ' -f1)" = "$backup_stated" ] ||
		fail 'the etcd snapshot does not have the digest that stands at its end'
	result contents 'etcd snapshot, token, keys'
	result verified 'digest of the snapshot'
}

# backup_sqlite: a live copy can miss what is still in the log beside the file, so k3s stands still while it is copied.
# Pods run on meanwhile. The drain is over and the upgrade would restart k3s anyway.
backup_sqlite() {
	progress 'stops k3s to copy its datastore'
	backup_file=db/state.db
	mkdir -p "$backup_work/db"
	service_stop "$K3S_SERVICE" || fail 'k3s could not be stopped'
	backup_error=''
	for backup_part in state.db state.db-wal state.db-shm; do
		[ ! -f "$K3S_DATA/server/db/$backup_part" ] || cp -p "$K3S_DATA/server/db/$backup_part" "$backup_work/db/" ||
			backup_error="$backup_part could not be copied"
	done
	# Whatever became of the copy, the node serves again.
	service_start "$K3S_SERVICE" || fail "k3s does not start again after the copy: see journalctl -u $K3S_SERVICE"
	[ -z "$backup_error" ] || fail "$backup_error"
	verify_sqlite "$backup_work/db"
	wait_for "$API_WAIT_SECONDS" kube --request-timeout=20s get --raw /readyz || fail 'the API server does not become ready again after the copy'
	result contents 'SQLite copy, token, keys'
}

# verify_sqlite FOLDER: cloud-init's Python opens the copy and checks every page; without it, what the file format (sqlite.org/fileformat2)
# promises of the first pages and of the log is checked.
verify_sqlite() {
	[ "$(head -c 15 "$1/state.db" 2>/dev/null)" = 'SQLite format 3' ] || fail 'the copied datastore is no SQLite file'
	if command -v python3 >/dev/null && python3 -c 'import sqlite3' 2>/dev/null; then
		rm -rf "$1-opened" && cp -R "$1" "$1-opened"
		sqlite_found=$(python3 -c 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute("PRAGMA integrity_check").fetchone()[0])' \
			"$1-opened/state.db" 2>&1) || :
		rm -rf "$1-opened"
		[ "$sqlite_found" = ok ] || fail "the copied datastore is damaged: $(echo "$sqlite_found" | tail -n 1)"
		result verified 'SQLite integrity check'
		return
	fi
	# shellcheck disable=SC2046
	set -- "$1" $(od -An -v -tu1 -j16 -N2 "$1/state.db")
	sqlite_page=$(($2 * 256 + $3))
	[ "$sqlite_page" -ne 1 ] || sqlite_page=65536
	sqlite_size=$(wc -c <"$1/state.db")
	if [ "$sqlite_page" -lt 512 ] || [ $((sqlite_size % sqlite_page)) -ne 0 ]; then fail 'the copied datastore is cut off'; fi
	if [ -s "$1/state.db-wal" ]; then
		case $(od -An -v -tx1 -N4 "$1/state.db-wal" | tr -d ' ') in 377f0682 | 377f0683) ;; *) fail "the copied datastore's log is damaged" ;; esac
	fi
	result verified 'SQLite header, page count and log header'
}
