# What the manifests configure, under a member that the state disk holds. kubeadm writes it at init and join, and it stays on the state
# disk: a new root disk that asks for something else has it written anew, as kubeadm's own reconfiguration does
# (kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-reconfigure).

# On the state disk: the digest of what this node was configured by.
KUBEADM_CONFIGURED=$KUBERNETES/kreconcile/configuration
# In memory: the seed's documents with the version that runs.
KUBEADM_TODAY=$ROOT/run/kreconcile/init.yaml

configuration_digest() { sha256sum <"$KUBEADM_FILES/configuration.yaml" | cut -d ' ' -f 1; }

is_configured() { [ ! -f "$KUBEADM_FILES/configuration.yaml" ] || [ "$(configuration_digest)" = "$(cat "$KUBEADM_CONFIGURED" 2>/dev/null)" ]; }

note_configuration() {
	[ -f "$KUBEADM_FILES/configuration.yaml" ] || return 0
	configuration_digest >"$KUBEADM_CONFIGURED.new" && sync && mv -f "$KUBEADM_CONFIGURED.new" "$KUBEADM_CONFIGURED" || fail 'the configuration could not be noted on the state disk'
	sync
}

# reconfigure_node: files of this node, before anything of it runs.
reconfigure_node() {
	if [ "$ROLE" != control-plane ]; then
		# From the cluster, whose control planes had their new root disks before.
		wait_for "$API_WAIT_SECONDS" node_kube --request-timeout=20s get --raw /readyz || fail 'the API server, which holds the configuration, does not answer'
		configure_by 'the kubelet' kubeadm upgrade node phase kubelet-config
		return
	fi
	mkdir -p "${KUBEADM_TODAY%/*}"
	(umask 077 && sed "s/^kubernetesVersion: .*/kubernetesVersion: $VERSION/" "$KUBEADM_FILES/init.yaml" >"$KUBEADM_TODAY") ||
		fail 'the configuration could not be written'
	# It may have to name other hosts, and kubeadm keeps a certificate that is there.
	rm -f "$KUBERNETES/pki/apiserver.crt" "$KUBERNETES/pki/apiserver.key"
	configure_by 'the API server' kubeadm init phase certs apiserver --config "$KUBEADM_TODAY"
	configure_by 'the control plane' kubeadm init phase control-plane all --config "$KUBEADM_TODAY"
	# With others beside it, etcd's manifest names them all: kubeadm's upgrades write that one anew.
	[ "$JOINS" = 1 ] || has_other_members || configure_by etcd kubeadm init phase etcd local --config "$KUBEADM_TODAY"
	configure_by 'the kubelet' kubeadm init phase kubelet-start --config "$KUBEADM_TODAY"
}

# has_other_members: as the manifest of etcd names those that it was made with.
has_other_members() { grep -q -- '--initial-cluster=.*,' "$KUBERNETES/manifests/etcd.yaml" 2>/dev/null; }

# reconfigure_cluster: what the cluster holds for other nodes, once its API server serves.
reconfigure_cluster() {
	[ "$ROLE" = control-plane ] || return 0
	configure_by 'the cluster' kubeadm init phase upload-config all --config "$KUBEADM_TODAY"
	skips_proxy || reconfigure_proxy
	rm -f "$KUBEADM_TODAY"
}

# reconfigure_proxy: its pods read their configuration once, and kubeadm leaves them running.
reconfigure_proxy() {
	proxy_before=$(proxy_configuration) || proxy_before=''
	configure_by kube-proxy kubeadm init phase addon kube-proxy --config "$KUBEADM_TODAY"
	[ "$(proxy_configuration)" = "$proxy_before" ] ||
		kube --request-timeout=20s -n kube-system rollout restart daemonset/kube-proxy >/dev/null || fail 'kube-proxy could not be restarted'
}

proxy_configuration() { kube --request-timeout=20s -n kube-system get configmap kube-proxy -o 'jsonpath={.data}'; }

skips_proxy() { grep -Eq '^ *- "?addon(/kube-proxy)?"?$' "$KUBEADM_FILES/init.yaml"; }

# configure_by WHAT COMMAND…
configure_by() {
	configured_part=$1
	shift
	run_logged "configures $configured_part" "$@" || fail "$configured_part could not be configured: $(logged_failure)"
}
