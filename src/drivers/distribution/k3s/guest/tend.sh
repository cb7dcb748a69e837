# Looking after a node that stands: what it says of itself, certificates, restart.

dist_status() {
	status_phase=absent
	status_version=''
	if status_program=$(command -v k3s); then
		status_version=$(remembered k3s "$(identity "$status_program")" version_of "$status_program")
	fi
	[ ! -f "$K3S_INSTALLED" ] || status_phase=installed
	# The state disk knows the member; a new root disk is not it before everything is installed there.
	[ "$status_phase" = absent ] || [ ! -f "$K3S_MEMBER" ] || status_phase=initialised
	if service_active "$K3S_SERVICE"; then status_active=true; else status_active=false; fi
	printf '{"phase":"%s","version":%s,"serviceActive":%s,"certificatesExpireAtMs":%s}\n' "$status_phase" \
		"$([ -z "$status_version" ] && echo null || json_string "$status_version")" "$status_active" "$(certificates_expire)"
}

# certificates_expire: the earliest end of the cluster's certificates, ms since epoch, or null.
certificates_expire() { earliest_expiry "$K3S_DATA"/server/tls/*.crt "$K3S_DATA"/server/tls/etcd/*.crt; }

# Its API server answers nobody who is not known.
dist_api_ca() { echo "$K3S_DATA/server/tls/server-ca.crt $K3S_DATA/server/tls/client-admin.crt $K3S_DATA/server/tls/client-admin.key"; }

# dist_renew_certificates: k3s moves the old ones away while it stands still and makes new ones when it starts. Pods run on meanwhile.
dist_renew_certificates() {
	progress 'stops k3s to renew its certificates'
	service_stop "$K3S_SERVICE" || fail 'k3s could not be stopped'
	renew_error=''
	k3s certificate rotate >"$OPERATION/rotate" 2>&1 || renew_error="k3s certificate rotate: $(tail -n 1 "$OPERATION/rotate")"
	service_start "$K3S_SERVICE" || fail "k3s does not start: see journalctl -u $K3S_SERVICE"
	[ -z "$renew_error" ] || fail "$renew_error"
	[ "$ROLE" != control-plane ] || api_serves || fail 'the API server does not become ready: see journalctl -u k3s'
	progress 'certificates renewed'
}

dist_restart() {
	service_restart "$K3S_SERVICE" || fail "k3s does not start: see journalctl -u $K3S_SERVICE"
	progress 'restarted'
}
