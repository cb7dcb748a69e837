# What the status verb says about Kubernetes.

dist_status() {
	status_phase=absent
	status_version=''
	if status_program=$(command -v kubelet); then
		status_version=$(remembered kubelet "$(identity "$status_program")" kubelet_version)
	fi
	[ ! -f "$KUBEADM_INSTALLED" ] || status_phase=installed
	# The state disk knows the member; a new root disk is not it before everything is installed there.
	[ "$status_phase" = absent ] || [ ! -f "$KUBEADM_MEMBER" ] || status_phase=initialised
	if service_active kubelet; then status_active=true; else status_active=false; fi
	printf '{"phase":"%s","version":%s,"serviceActive":%s,"certificatesExpireAtMs":%s}\n' "$status_phase" \
		"$([ -z "$status_version" ] && echo null || json_string "$status_version")" "$status_active" "$(certificates_expire)"
}

# certificates_expire: the earliest end of the cluster's certificates, ms since epoch, or null.
certificates_expire() { earliest_expiry "$KUBERNETES"/pki/*.crt "$KUBERNETES"/pki/etcd/*.crt; }
