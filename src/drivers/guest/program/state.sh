# The state disk: mounted, formatted only when proven blank and asked for, else the services stay down.

STATE_ATTACHED=$ROOT/etc/kreconcile/state-attached
STATE_UNIT='var-lib-kreconcile\x2dstate.mount'

# kept_paths: KEEP_PATHS, parents first, without what lies below another kept path.
kept_paths() {
	kept_before=''
	# A list of words.
	# shellcheck disable=SC2086
	for kept in $(printf '%s\n' $KEEP_PATHS | sort -u); do
		case $kept in
		/ | [!/]* | *[!A-Za-z0-9/_.-]* | *..* | */) complain "cannot keep the path $kept" && return 1 ;;
		esac
		case "$kept/" in "${kept_before:-//}"/*) continue ;; esac
		kept_before=$kept
		printf '%s\n' "$kept"
	done
}

# Services that must not start without the state disk.
state_services() {
	if [ -n "$STATE_SERVICES" ]; then
		# shellcheck disable=SC2086
		printf '%s\n' $STATE_SERVICES
		return 0
	fi
	printf '%s\n' kubelet k3s k3s-agent
	case " $KEEP_PATHS" in *' /var/lib/containerd'*) echo containerd ;; esac
}

is_mounted() { grep -q " $ROOT$1 " "$ROOT/proc/self/mounts" 2>/dev/null; }

state_mounted() {
	is_mounted /var/lib/kreconcile-state || return 1
	for mounted_path in $(kept_paths); do is_mounted "$mounted_path" || return 1; done
}

# state_reading: GuestStateDisk of guest-status.ts.
state_reading() {
	if [ -z "$STATE_SERIAL" ]; then
		echo none
	elif state_mounted; then
		echo mounted
	else
		first_line "$RUN_FOLDER/state"
		case $FIRST_LINE in foreign | blank-refused) echo "$FIRST_LINE" ;; *) echo missing ;; esac
	fi
}

# need_state: fails unless the state disk is mounted as asked.
need_state() {
	need_reading=$(state_reading)
	case $need_reading in none | mounted) return 0 ;; esac
	fail "the state disk $STATE_SERIAL is not mounted: $need_reading"
}

find_state_device() {
	for block in "$ROOT"/sys/block/*; do
		first_line "$block/serial"
		if [ "$FIRST_LINE" = "$STATE_SERIAL" ]; then
			STATE_DEVICE=$ROOT/dev/${block##*/}
			first_line "$block/size"
			STATE_SECTORS=$FIRST_LINE
			return 0
		fi
	done
	return 1
}

# all_zero SKIP COUNT: whether those MiB of the device could be read and hold nothing.
all_zero() {
	zero_total=$(dd if="$STATE_DEVICE" bs=1048576 skip="$1" count="$2" 2>/dev/null | wc -c)
	zero_other=$(dd if="$STATE_DEVICE" bs=1048576 skip="$1" count="$2" 2>/dev/null | tr -d '\000' | wc -c)
	[ "$zero_total" -ge 1048576 ] && [ "$zero_other" -eq 0 ]
}

# The last sector says that we were formatting: a power cut in mkfs leaves a disk that is not blank and nobody's.
format_stamp() { printf 'kreconcile formats %s' "$STATE_UUID"; }

is_stamped() {
	[ "$(dd if="$STATE_DEVICE" bs=512 skip=$((STATE_SECTORS - 1)) count=1 2>/dev/null | tr -d '\000')" = "$(format_stamp)" ]
}

write_last_sector() {
	dd of="$STATE_DEVICE" bs=512 seek=$((STATE_SECTORS - 1)) count=1 conv=notrunc,sync,fsync 2>/dev/null
}

# examine_state: STATE_FOUND becomes ours, blank, foreign or missing.
examine_state() {
	STATE_FOUND=missing
	wait_for "${KRECONCILE_STATE_WAIT:-10}" find_state_device || return 0
	STATE_FOUND=foreign
	has blkid || return 0
	# Debian's blkid tells "nothing there" (2) from "several things" (8); busybox has no -p and always ends well.
	blkid_output=$(blkid -p -o export "$STATE_DEVICE" 2>/dev/null)
	case $? in
	0 | 2) ;;
	1) blkid_output=$(blkid "$STATE_DEVICE" 2>/dev/null) || blkid_output='' ;;
	*) return 0 ;;
	esac
	if [ -z "$blkid_output" ]; then
		if is_stamped || { all_zero 0 1 && all_zero $((STATE_SECTORS / 2048 - 1)) 2; }; then STATE_FOUND=blank; fi
		return 0
	fi
	blkid_uuid=$(printf '%s\n' "$blkid_output" | tr ' ' '\n' | tr -d '"' | sed -n 's/^UUID=//p')
	if [ -n "$STATE_UUID" ] && [ "$blkid_uuid" = "$STATE_UUID" ]; then STATE_FOUND=ours; fi
}

format_state() {
	format_stamp | write_last_sector &&
		mkfs.ext4 -q -F -E nodiscard -U "$STATE_UUID" -L kreconcile "$STATE_DEVICE" >&2 &&
		printf '\000' | write_last_sector || :
	if has udevadm; then udevadm settle --timeout=30 || :; fi
	examine_state
	[ "$STATE_FOUND" = ours ]
}

# keep_path PATH: its folder on the state disk. What the image holds there comes along when the folder is new.
keep_path() {
	keep_folder=$STATE_MOUNT$1
	mkdir -p "$ROOT$1" "$(dirname "$keep_folder")" || return 1
	[ ! -d "$keep_folder" ] || return 0
	rm -rf "$keep_folder.kreconcile-new"
	cp -a "$ROOT$1" "$keep_folder.kreconcile-new" && sync && mv "$keep_folder.kreconcile-new" "$keep_folder"
}

mount_top() {
	if on_systemd; then
		systemctl daemon-reload && systemctl start "$STATE_UNIT"
	else
		mkdir -p "$STATE_MOUNT"
		is_mounted /var/lib/kreconcile-state || {
			mount -t ext4 "$STATE_DEVICE" "$STATE_MOUNT" && mount --make-private "$STATE_MOUNT"
		}
	fi
}

mount_kept() {
	if on_systemd; then
		systemctl start "$(systemd-escape -p --suffix=mount "$1")"
	else
		is_mounted "$1" || { mount --bind "$STATE_MOUNT$1" "$ROOT$1" && mount --make-shared "$ROOT$1"; }
	fi
}

attach_state() {
	mount_top && is_mounted /var/lib/kreconcile-state || return 1
	for kept_path in $(kept_paths); do
		is_mounted "$kept_path" || { keep_path "$kept_path" && mount_kept "$kept_path"; } || return 1
	done
}

# mount_state: idempotent; the units that hold services back are written before anything can fail.
mount_state() {
	[ -n "$STATE_SERIAL" ] || return 0
	mkdir -p "$RUN_FOLDER"
	echo missing >"$RUN_FOLDER/state"
	hold_services || return 1
	if state_mounted; then
		echo mounted >"$RUN_FOLDER/state"
		return 0
	fi
	stopped_services=''
	for held in $(state_services); do
		if service_active "$held" 2>/dev/null; then service_stop "$held" && stopped_services="$stopped_services $held"; fi
	done
	examine_state
	if [ "$STATE_FOUND" = blank ]; then
		# This root had its disk once: whatever blank one turns up later is not it.
		first_line "$STATE_ATTACHED"
		if [ "$STATE_NEW" != 1 ] || [ "$FIRST_LINE" = "$STATE_UUID" ]; then
			STATE_FOUND=blank-refused
		else
			format_state || STATE_FOUND=foreign
		fi
	fi
	if [ "$STATE_FOUND" = ours ] && attach_state; then
		echo "$STATE_UUID" | write_changed "$STATE_ATTACHED"
		echo mounted >"$RUN_FOLDER/state"
		for held in $stopped_services; do service_start "$held" || :; done
		return 0
	fi
	[ "$STATE_FOUND" = ours ] || echo "$STATE_FOUND" >"$RUN_FOLDER/state"
	complain "state disk $STATE_SERIAL: $STATE_FOUND, not mounted; the services stay down"
	return 1
}
