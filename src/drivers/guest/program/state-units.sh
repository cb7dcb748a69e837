# What keeps services down while the state disk is away, on every boot and without cloud-init.

hold_services() {
	hold_paths=$(kept_paths) || return 1
	if on_systemd; then hold_by_systemd; else hold_by_openrc; fi
}

# write_changed FILE: standard input, written only if it differs.
write_changed() {
	mkdir -p "$(dirname "$1")"
	cat >"$1.new"
	if cmp -s "$1.new" "$1"; then rm -f "$1.new"; else mv -f "$1.new" "$1"; fi
}

# enabled_unit NAME: standard input as a unit that every boot wants.
enabled_unit() {
	write_changed "$ROOT/etc/systemd/system/$1" && mkdir -p "$ROOT/etc/systemd/system/multi-user.target.wants" &&
		ln -sf "/etc/systemd/system/$1" "$ROOT/etc/systemd/system/multi-user.target.wants/$1"
}

# Without default dependencies a missing disk delays only what needs it, not the whole boot. The state filesystem is
# private and each kept path shared in itself: else what the kubelet mounts would show up a second time below it.
hold_by_systemd() {
	state_fsck=$(systemd-escape -p --template=systemd-fsck@.service "/dev/disk/by-uuid/$STATE_UUID") || return 1
	enabled_unit "$STATE_UNIT" <<-UNIT || return 1
		[Unit]
		Description=State disk of kreconcile
		DefaultDependencies=no
		Conflicts=umount.target
		Before=umount.target
		Requires=$state_fsck
		After=$state_fsck

		[Mount]
		What=/dev/disk/by-uuid/$STATE_UUID
		Where=/var/lib/kreconcile-state
		Type=ext4
		Options=private

		[Install]
		WantedBy=multi-user.target
	UNIT
	for hold_path in $hold_paths; do
		enabled_unit "$(systemd-escape -p --suffix=mount "$hold_path")" <<-UNIT || return 1
			[Unit]
			Description=$hold_path on the state disk of kreconcile
			DefaultDependencies=no
			Conflicts=umount.target
			Before=umount.target
			RequiresMountsFor=/var/lib/kreconcile-state

			[Mount]
			What=/var/lib/kreconcile-state$hold_path
			Where=$hold_path
			Type=none
			Options=bind,shared

			[Install]
			WantedBy=multi-user.target
		UNIT
	done
	for hold_service in $(state_services); do
		# An image may bring the kubelet enabled, and of another version than the one that the state disk's member needs.
		hold_until=''
		if [ -n "$DISTRIBUTION" ] && [ "$hold_service" != containerd ]; then hold_until="ConditionPathExists=${INSTALLED#"$ROOT"}"; fi
		write_changed "$ROOT/etc/systemd/system/$hold_service.service.d/10-kreconcile-state.conf" <<-UNIT || return 1
			[Unit]
			RequiresMountsFor=$(printf '%s' "$hold_paths" | tr '\n' ' ')
			$hold_until
		UNIT
	done
}

hold_by_openrc() {
	write_changed "$ROOT/etc/init.d/kreconcile-state" <<-'SERVICE' || return 1
		#!/sbin/openrc-run
		description="State disk of kreconcile"
		depend() { need localmount; before kubelet k3s k3s-agent containerd; }
		start() { ebegin "Mounting the state disk"; /usr/local/libexec/kreconcile/guest mount-state; eend $?; }
	SERVICE
	chmod 0755 "$ROOT/etc/init.d/kreconcile-state"
	mkdir -p "$ROOT/etc/runlevels/default"
	ln -sf /etc/init.d/kreconcile-state "$ROOT/etc/runlevels/default/kreconcile-state"
	for hold_service in $(state_services); do
		hold_file=$ROOT/etc/conf.d/$hold_service
		mkdir -p "$ROOT/etc/conf.d"
		grep -qs '^rc_need=.*kreconcile-state' "$hold_file" || echo 'rc_need="kreconcile-state"' >>"$hold_file"
	done
}
