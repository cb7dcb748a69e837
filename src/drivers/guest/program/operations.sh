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
	case $1 in bootstrap | join | stage | drain | backup | upgrade) ;; *) return 1 ;; esac
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

# What changes the node itself goes one after the other.
refuse_second() {
	case $1 in bootstrap | join | upgrade) ;; *) return 0 ;; esac
	for other in "$OPERATIONS"/*; do
		[ -d "$other" ] && [ "$other" != "$OPERATIONS/$2" ] || continue
		first_line "$other/verb"
		case $FIRST_LINE in bootstrap | join | upgrade) ;; *) continue ;; esac
		operation_state "$other"
		if [ "$OPERATION_STATE" = running ]; then
			complain "operation ${other##*/} is still running"
			return 1
		fi
	done
}

# start_operation VERB ID, input on standard input: returns at once.
start_operation() {
	is_operation_verb "$1" || { complain "unknown verb $1" && return 2; }
	is_operation_id "$2" || { complain 'not an operation id' && return 2; }
	[ ! -e "$OPERATIONS/$2" ] || return 0
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
	(
		set -e
		"operate_$1" "$2"
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
	stage_version=$(input version)
	case $stage_version in '' | [!A-Za-z0-9]* | *[!A-Za-z0-9._+-]*) fail 'input version is not a version' ;; esac
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
	upgrade_version=$(input version)
	dist_upgrade
	case $upgrade_version in '' | [!A-Za-z0-9]* | *[!A-Za-z0-9._+-]*) ;; *) rm -rf "${STAGED:?}/$upgrade_version" ;; esac
}

operate_drain() { drain_node; }
