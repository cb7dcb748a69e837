# Operations: long work under an id that the host chose, whose traces are files of its folder.

OPERATION=''

# progress TEXT: the current operation's message.
progress() {
	if [ -n "$OPERATION" ]; then printf '%s' "$*" | tr '\n' ' ' | replace_file "$OPERATION/message"; fi
	printf '%s\n' "$*" >&2
}

# result KEY VALUE: a small value for the host.
result() { if [ -n "$OPERATION" ]; then printf '%s %s\n' "$1" "$2" >>"$OPERATION/result"; fi; }

# fail TEXT: ends the operation, or the call, as failed with that message.
fail() {
	if [ -n "$OPERATION" ]; then printf '%s' "$*" | tr '\n' ' ' | replace_file "$OPERATION/error"; fi
	complain "$*"
	exit 1
}

is_operation_verb() {
	case $1 in stage | drain | backup | survey) ;; *) changes_node "$1" ;; esac
}

# changes_node VERB: what goes one after the other.
changes_node() {
	case $1 in bootstrap | join | upgrade | rollback | restore | renew-certificates | restart) ;; *) return 1 ;; esac
}

is_operation_id() {
	[ "${#1}" -le 80 ] || return 1
	case $1 in '' | [!A-Za-z0-9]* | *[!A-Za-z0-9._-]*) return 1 ;; esac
}

# process_start PID: when the kernel started it, which tells it from a later process with the same number.
process_start() {
	first_line "/proc/$1/stat"
	process_fields=${FIRST_LINE##*) }
	# Fields of proc(5), of which the first two are cut off.
	# shellcheck disable=SC2086
	set -- $process_fields
	PROCESS_START=${20:-}
}

# operation_state FOLDER: OPERATION_STATE becomes running, succeeded, failed or interrupted, OPERATION_ENDED its time.
operation_state() {
	OPERATION_STATE=interrupted OPERATION_ENDED=''
	if [ -r "$1/ended" ]; then
		first_line "$1/ended"
		OPERATION_STATE=${FIRST_LINE%% *} OPERATION_ENDED=${FIRST_LINE##* }
		return 0
	fi
	first_line "$1/boot"
	state_boot=$FIRST_LINE
	first_line "$ROOT/proc/sys/kernel/random/boot_id"
	[ "$state_boot" = "$FIRST_LINE" ] || return 0
	first_line "$1/process"
	if [ -z "$FIRST_LINE" ]; then
		# Started and not yet running: a busy guest takes its time.
		first_line "$1/started"
		if [ "$(date +%s)" -le $((${FIRST_LINE%???} + 60)) ]; then OPERATION_STATE=running; fi
		return 0
	fi
	state_started=${FIRST_LINE##* }
	process_start "${FIRST_LINE%% *}"
	if [ "$PROCESS_START" = "$state_started" ] && [ -n "$state_started" ]; then
		OPERATION_STATE=running
	elif [ -r "$1/ended" ]; then
		# It ended while we looked.
		first_line "$1/ended"
		OPERATION_STATE=${FIRST_LINE%% *} OPERATION_ENDED=${FIRST_LINE##* }
	fi
}

# prepare_operation VERB ID: its folder, complete or not at all. Fails if it is there already.
prepare_operation() {
	mkdir -p "$OPERATIONS"
	chmod 0700 "$GUEST_FOLDER"
	[ ! -e "$OPERATIONS/$2" ] || return 1
	prepare_new=$GUEST_FOLDER/new-$$
	rm -rf "$prepare_new"
	mkdir -m 0700 "$prepare_new"
	printf '%s\n' "$1" >"$prepare_new/verb"
	now_ms >"$prepare_new/started"
	cat "$ROOT/proc/sys/kernel/random/boot_id" >"$prepare_new/boot"
	(umask 077 && printf '%s\n' "$INPUT" >"$prepare_new/input")
	mv "$prepare_new" "$OPERATIONS/$2"
	# What the host was told must still stand after a power cut.
	sync
}

# running_changes EXCEPT: operations that change the node and run now, one `id verb` a line.
running_changes() {
	for other in "$OPERATIONS"/*; do
		[ -d "$other" ] && [ "$other" != "$OPERATIONS/$1" ] || continue
		first_line "$other/verb"
		other_verb=$FIRST_LINE
		changes_node "$other_verb" || continue
		operation_state "$other"
		if [ "$OPERATION_STATE" = running ]; then printf '%s %s\n' "${other##*/}" "$other_verb"; fi
	done
}

# refuse_second VERB ID: a rollback ends the upgrade that it undoes; else nothing that changes the node begins beside another.
refuse_second() {
	changes_node "$1" || return 0
	running_changes "$2" >"$GUEST_FOLDER/running.$$"
	refused=''
	while read -r other other_verb; do
		[ "$1/$other_verb" = rollback/upgrade ] || refused=$other
	done <"$GUEST_FOLDER/running.$$"
	rm -f "$GUEST_FOLDER/running.$$"
	[ -z "$refused" ] || { complain "operation $refused is still running" && return 1; }
}

# end_upgrades EXCEPT: an upgrade that hangs must not go on under the rollback.
end_upgrades() {
	running_changes "$1" >"$OPERATION/running"
	while read -r other other_verb; do
		[ "$other_verb" = upgrade ] || continue
		progress "ends $other"
		first_line "$OPERATIONS/$other/process"
		if on_systemd && systemctl is-active --quiet "kreconcile-$other"; then
			systemctl stop "kreconcile-$other" || :
		else
			# Started by setsid, so it leads a group of its own.
			kill -TERM "-${FIRST_LINE%% *}" 2>/dev/null || :
		fi
		wait_for 60 operation_gone "$other" || fail "operation $other does not end"
	done <"$OPERATION/running"
}

operation_gone() {
	operation_state "$OPERATIONS/$1"
	[ "$OPERATION_STATE" != running ]
}

# start_operation VERB ID, input on standard input: returns at once.
start_operation() {
	is_operation_verb "$1" || { complain "unknown verb $1" && return 2; }
	is_operation_id "$2" || { complain 'not an operation id' && return 2; }
	[ ! -e "$OPERATIONS/$2" ] || return 0
	mkdir -p "$OPERATIONS"
	refuse_second "$1" "$2" || return 1
	forget_operations
	INPUT=$(cat)
	prepare_operation "$1" "$2" || return 0
	if on_systemd && has systemd-run; then
		systemd-run --quiet --collect --no-block --unit="kreconcile-$2" "$SELF" run "$1" "$2" </dev/null && return 0
	fi
	# shellcheck disable=SC2086
	setsid ${KRECONCILE_SHELL:-} "$SELF" run "$1" "$2" </dev/null >/dev/null 2>&1 &
}

# forget_operations: the newest 30 stay, and what runs; the first bootstrap stays for ever.
forget_operations() {
	for forgotten in $(operations_by_time | sort -rn | tail -n +31 | cut -d' ' -f2); do
		operation_state "$OPERATIONS/$forgotten"
		[ "$OPERATION_STATE" = running ] || [ "$forgotten" = bootstrap-first ] || rm -rf "${OPERATIONS:?}/$forgotten"
	done
}

operations_by_time() {
	for by_time in "$OPERATIONS"/*; do
		[ -r "$by_time/started" ] || continue
		first_line "$by_time/started"
		printf '%s %s\n' "$FIRST_LINE" "${by_time##*/}"
	done
}

# run_operation VERB ID: in the foreground, to its end. An ended one is not run again.
run_operation() {
	is_operation_verb "$1" && is_operation_id "$2" || { complain 'unknown verb or id' && return 2; }
	OPERATION=$OPERATIONS/$2
	[ -e "$OPERATION" ] || { INPUT='' && prepare_operation "$1" "$2"; }
	operation_state "$OPERATION"
	case $OPERATION_STATE in succeeded | failed) return 0 ;; esac
	if [ "$OPERATION_STATE" = running ] && [ -e "$OPERATION/process" ]; then return 0; fi
	process_start $$
	printf '%s %s\n' $$ "$PROCESS_START" | replace_file "$OPERATION/process"
	INPUT=$(cat "$OPERATION/input" 2>/dev/null)
	take_settings
	run_verb=$(printf '%s' "$1" | tr - _)
	(
		set -e
		"operate_$run_verb" "$2"
	) >>"$OPERATION/log" 2>&1
	run_code=$?
	rm -f "$OPERATION/input"
	if [ "$run_code" -ne 0 ] && [ ! -s "$OPERATION/error" ]; then
		first_line "$OPERATION/message"
		printf '%s: ended with code %s: %s\n' "${FIRST_LINE:-$1}" "$run_code" "$(tail -n 1 "$OPERATION/log")" >"$OPERATION/error"
	fi
	run_word=succeeded
	[ "$run_code" -eq 0 ] || run_word=failed
	# Its work is on the disk before it counts as done.
	sync
	printf '%s %s\n' "$run_word" "$(now_ms)" | replace_file "$OPERATION/ended"
	sync
	return "$run_code"
}

# take_settings: settings of today's manifests (mirrors, deadlines) come with the input and win over those of first boot.
take_settings() {
	for setting in $(printf '%s\n' "$INPUT" | sed -n 's/^\([A-Z][A-Z0-9]*_[A-Z0-9_]*\)=.*/\1/p'); do
		setting_value=$(input "$setting")
		eval "$setting=\$setting_value"
	done
}

# input_version NAME: INPUT_VERSION becomes an input that is a version.
input_version() {
	INPUT_VERSION=$(input "$1")
	case $INPUT_VERSION in '' | [!A-Za-z0-9]* | *[!A-Za-z0-9._+-]*) fail "input $1 is not a version" ;; esac
}

operate_bootstrap() {
	need_state
	[ -n "$DISTRIBUTION" ] || return 0
	progress 'checking packages'
	# A list of words.
	# shellcheck disable=SC2086
	install_packages $NODE_PACKAGES || fail "could not install:$missing_packages; give the guest a package mirror or an image that holds them"
	dist_bootstrap
}

operate_join() { need_state && dist_join; }

operate_stage() {
	input_version version
	stage_version=$INPUT_VERSION
	mkdir -p "$STAGED/$stage_version"
	dist_stage
	: >"$STAGED/$stage_version/.complete"
}

operate_backup() {
	mkdir -p "$BACKUPS"
	chmod 0700 "$BACKUPS"
	BACKUP_FILE=$BACKUPS/$1
	rm -f "$BACKUP_FILE"
	dist_backup
	[ -s "$BACKUP_FILE" ] || fail 'the backup is empty'
	chmod 0600 "$BACKUP_FILE"
	result sha256 "$(sha256sum "$BACKUP_FILE" | cut -d' ' -f1)"
	result size "$(wc -c <"$BACKUP_FILE" | tr -d ' ')"
	# The host fetches each; two stay for when it was interrupted.
	# shellcheck disable=SC2012
	for old_backup in $(cd "$BACKUPS" && ls -t | tail -n +3); do rm -rf "${BACKUPS:?}/$old_backup"; done
}

operate_upgrade() {
	need_state
	input_version version
	upgrade_version=$INPUT_VERSION
	dist_upgrade
	rm -rf "${STAGED:?}/$upgrade_version"
}

# input_backup: BACKUP_FILE becomes the backup of the operation that the input names, empty if it names none.
input_backup() {
	BACKUP_FILE=''
	backup_name=$(input backup)
	[ -n "$backup_name" ] || return 0
	is_operation_id "$backup_name" || fail 'input backup is not an operation id'
	BACKUP_FILE=$BACKUPS/$backup_name
}

operate_rollback() {
	need_state
	input_version version
	input_version to
	input_backup
	end_upgrades "$1"
	dist_rollback
}

operate_restore() {
	need_state
	input_version version
	input_backup
	[ -s "$BACKUP_FILE" ] || fail "there is no backup of operation \"$backup_name\" in the guest"
	verify_sha256 "$BACKUP_FILE" "$(input sha256)" || fail 'the uploaded backup does not have the digest that was told'
	dist_restore
}

operate_survey() { survey_node; }
operate_renew_certificates() { need_state && dist_renew_certificates; }
operate_restart() { need_state && dist_restart; }

operate_drain() { drain_node; }
