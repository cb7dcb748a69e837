# Looking after a node that stands: certificates, restart.

dist_api_ca() { echo "$KUBERNETES/pki/ca.crt"; }

# dist_renew_certificates: a year more for all that kubeadm made. Kubelets renew their own.
dist_renew_certificates() {
	if [ "$ROLE" != control-plane ]; then
		progress 'the kubelet of a worker renews its own certificate'
		return 0
	fi
	run_logged 'renews certificates' kubeadm certs renew all || fail "kubeadm certs renew: $(logged_failure)"
	sync
	refresh_kubelet_credentials
	progress 'restarts the control plane'
	stop_control_plane
	service_start kubelet || fail 'the kubelet does not start: see journalctl -u kubelet'
	api_serves || fail 'the API server does not become ready: see /var/log/pods'
	progress 'certificates renewed'
}

# refresh_kubelet_credentials: a control plane that was off for too long has a kubelet that nobody lets in any more.
refresh_kubelet_credentials() {
	kubelet_certificate=$ROOT/var/lib/kubelet/pki/kubelet-client-current.pem
	[ -s "$kubelet_certificate" ] && has openssl || return 0
	! openssl x509 -noout -checkend 60 -in "$kubelet_certificate" >/dev/null 2>&1 || return 0
	progress 'makes new credentials for the kubelet'
	rm -f "$KUBERNETES/kubelet.conf"
	run_logged 'kubelet credentials' kubeadm init phase kubeconfig kubelet --config "$KUBEADM_FILES/init.yaml" ||
		fail "kubeadm init phase kubeconfig kubelet: $(logged_failure)"
	rm -f "$kubelet_certificate"
	if service_active kubelet; then service_restart kubelet || :; fi
}

# dist_restart: of the service that everything else hangs on.
dist_restart() {
	service_active containerd || service_restart containerd || fail 'containerd does not start: see journalctl -u containerd'
	service_restart kubelet || fail 'the kubelet does not start: see journalctl -u kubelet'
	progress 'restarted'
}
