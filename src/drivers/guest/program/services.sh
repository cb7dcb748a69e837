# Services, the same on systemd and OpenRC.

service_active() {
	if on_systemd; then systemctl is-active --quiet "$1"; else rc-service "$1" status >/dev/null 2>&1; fi
}

service_enable() {
	if on_systemd; then
		systemctl daemon-reload && systemctl enable --quiet "$1"
	else
		rc-update -q add "$1" default
	fi
}

service_start() {
	if on_systemd; then
		systemctl daemon-reload && systemctl start "$1"
	else
		rc-service --ifstopped "$1" start
	fi
}

# service_begin NAME: without waiting until it serves.
service_begin() {
	if on_systemd; then
		systemctl daemon-reload && systemctl start --no-block "$1"
	else
		rc-service --ifstopped "$1" start
	fi
}

service_restart() {
	if on_systemd; then
		systemctl daemon-reload && systemctl restart "$1"
	else
		rc-service "$1" restart
	fi
}

service_stop() {
	if on_systemd; then systemctl stop "$1"; else rc-service --ifstarted "$1" stop; fi
}
