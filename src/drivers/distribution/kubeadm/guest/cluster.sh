# From a bare node to a member of a cluster: bootstrap and join.

dist_bootstrap() {
	# The data comes before the seed: a new root runs what last ran with it.
	if [ -f "$KUBEADM_MEMBER" ] && grep -Eqxs 'v[0-9]+\.[0-9]+\.[0-9A-Za-z.+-]+' "$KUBEADM_VERSION"; then VERSION=$(cat "$KUBEADM_VERSION"); fi
	if [ ! -f "$KUBEADM_INSTALLED" ]; then
		prepare_host
		install_runtime
		install_programs
		configure_runtime
		install_kubelet_unit
		echo "$VERSION" >"$KUBEADM_INSTALLED"
	fi
	if { [ "$ROLE" != control-plane ] || [ "$JOINS" = 1 ]; } && [ ! -f "$KUBEADM_MEMBER" ]; then
		progress 'installed; waits to be joined'
		return
	fi
	need_state
	# Beside a restore that was begun no new cluster may come about either.
	if { [ "$RESTORE" = 1 ] || [ -f "$KUBEADM_RESTORING" ]; } && [ ! -f "$KUBEADM_MEMBER" ]; then
		progress 'installed; waits for its backup'
		return
	fi
	if [ -f "$KUBEADM_MEMBER" ]; then return_to_cluster; else initialise_cluster; fi
	configure_network
	progress 'bootstrap done'
}

# return_to_cluster: a new root disk under a state disk that holds a member.
return_to_cluster() {
	progress 'starts as the member that the state disk holds'
	set_endpoint_hosts "$(cat "$KUBERNETES/kreconcile/endpoint-address")" || fail 'the endpoint could not be named in /etc/hosts'
	if [ "$ROLE" = control-plane ]; then
		restore_manifests
		refresh_kubelet_credentials
		# The kubelet would pull them too, and say less when it cannot.
		(pull_images "$VERSION" kubeadm) || progress "the images of $VERSION are left to the kubelet"
	fi
	is_configured || reconfigure_node
	service_start kubelet || fail 'the kubelet does not start: see journalctl -u kubelet'
	[ "$ROLE" != control-plane ] || api_serves || fail 'the API server does not become ready: see /var/log/pods'
	is_configured || { reconfigure_cluster && note_configuration; }
	[ -s "$KUBEADM_VERSION" ] || note_version "$VERSION"
}

api_serves() { wait_for "${1:-$API_WAIT_SECONDS}" kube --request-timeout=20s get --raw /readyz; }

# note_version VERSION: what runs with the data from now on.
note_version() {
	mkdir -p "$KUBERNETES/kreconcile"
	echo "$1" >"$KUBEADM_VERSION.new" && sync && mv -f "$KUBEADM_VERSION.new" "$KUBEADM_VERSION" || fail 'the version could not be noted on the state disk'
	sync
}

become_member() {
	note_version "$VERSION"
	note_configuration
	echo "$1" >"$KUBERNETES/kreconcile/endpoint-address"
	echo "$NODE_NAME" >"$KUBEADM_MEMBER"
	sync
}

# What an interrupted init leaves behind, which the next one takes over: kubeadm keeps keys and certificates that exist.
KUBEADM_RESUMED=DirAvailable--var-lib-etcd,Port-$API_PORT,Port-10259,Port-10257,Port-2379,Port-2380,Port-10250
for component in $CONTROL_PLANE; do
	KUBEADM_RESUMED=$KUBEADM_RESUMED,FileAvailable--etc-kubernetes-manifests-$component.yaml
done

state_is_new() { [ "$STATE_NEW" = 1 ]; }

initialise_cluster() {
	# The name leads to this very machine, whatever address it has: that holds through every change of address.
	set_endpoint_hosts 127.0.0.1 || fail 'the endpoint could not be named in /etc/hosts'
	if [ -d "$ROOT/var/lib/etcd/member" ] && [ ! -s "$KUBERNETES/pki/ca.key" ] && ! state_is_new; then
		fail 'the state disk holds a datastore without the certificates of its cluster: put /etc/kubernetes/pki back; nothing was changed'
	fi
	if [ -d "$KUBERNETES/pki" ] || [ -d "$ROOT/var/lib/etcd/member" ]; then
		run_logged 'resumes init' kubeadm init --config "$KUBEADM_FILES/init.yaml" --ignore-preflight-errors="$KUBEADM_RESUMED" ||
			start_over
	else
		run_logged init kubeadm init --config "$KUBEADM_FILES/init.yaml" || fail "kubeadm init: $(logged_failure)"
	fi
	become_member 127.0.0.1
}

# start_over: only where no cluster can be lost: the disk came new with this first boot and init never ended on it.
start_over() {
	if ! state_is_new || [ -f "$KUBEADM_MEMBER" ]; then fail "kubeadm init: $(logged_failure)"; fi
	progress 'the interrupted init cannot be resumed; starts over'
	run_logged reset kubeadm reset -f --cri-socket unix:///run/containerd/containerd.sock || fail "kubeadm reset: $(logged_failure)"
	rm -rf "$ROOT/var/lib/etcd/member"
	run_logged init kubeadm init --config "$KUBEADM_FILES/init.yaml" || fail "kubeadm init: $(logged_failure)"
}

# dist_join: input token, caHash (`sha256:<hex>`) and address (of the control plane, or `resolved`); on a control plane certificateKey and
# etcdMember too.
dist_join() {
	[ "$ROLE" = worker ] || [ "$JOINS" = 1 ] || fail 'this control plane makes the cluster, and joins none'
	[ -f "$KUBEADM_INSTALLED" ] || fail 'the node is not installed yet: bootstrap comes first'
	need_state
	if [ ! -f "$KUBEADM_MEMBER" ]; then
		join_address=$(input address)
		if [ "$ROLE" = control-plane ]; then
			join_as_member "$join_address"
			join_address=127.0.0.1
			set_endpoint_hosts "$join_address" || fail 'the endpoint could not be named in /etc/hosts'
		else
			set_endpoint_hosts "$join_address" || fail 'input address is not an address'
			if node_known; then progress 'joined before the interruption'; else join_cluster; fi
		fi
		become_member "$join_address"
	fi
	service_start kubelet || fail 'the kubelet does not start: see journalctl -u kubelet'
	[ "$ROLE" != control-plane ] || api_serves || fail 'the API server does not become ready: see /var/log/pods'
	configure_network
	progress 'join done'
}

# node_known: an interrupted join got as far as the kubelet's own credentials.
node_known() { [ -s "$KUBERNETES/kubelet.conf" ] && node_kube --request-timeout=20s get node "$NODE_NAME" >/dev/null 2>&1; }

join_cluster() {
	# Values that end up in a file of kubeadm: nothing but what a token and a digest are made of.
	input token | grep -Eqx '[a-z0-9]{6}\.[a-z0-9]{16}' || fail 'input token is not a bootstrap token'
	input caHash | grep -Eqx 'sha256:[0-9a-f]{64}' || fail 'input caHash is not a digest'
	[ "$ROLE" != control-plane ] || input certificateKey | grep -Eqx '[0-9a-f]{64}' || fail 'input certificateKey is not a key'
	join_config=$ROOT/run/kreconcile/join.yaml
	mkdir -p "${join_config%/*}"
	# In memory only, and gone afterwards: the token must not outlive the join.
	(umask 077 && sed "s/@TOKEN@/$(input token)/; s/@CA_HASH@/$(input caHash)/; s/@CERTIFICATE_KEY@/$(input certificateKey)/" "$KUBEADM_FILES/join.yaml" >"$join_config") ||
		fail 'the join configuration could not be written'
	service_stop kubelet || :
	rm -f "$KUBERNETES/kubelet.conf" "$KUBERNETES/bootstrap-kubelet.conf" "$KUBERNETES/pki/ca.crt" "$KUBERNETES/kreconcile/pod-subnet"
	if run_logged join kubeadm join --config "$join_config"; then
		rm -f "$join_config"
	else
		rm -f "$join_config"
		fail "kubeadm join: $(logged_failure)"
	fi
}

# dist_join_info: a token for one join, the digest of the CA, and where the API server is. Inputs node and role: who joins, and as what.
dist_join_info() {
	offered=$(kubeadm token create --kubeconfig "$KUBERNETES/admin.conf" --ttl 30m --description 'kreconcile join' --print-join-command) ||
		return 1
	printf 'token=%s\n' "$(echo "$offered" | sed -n 's/.*--token \([^ ]*\).*/\1/p')"
	printf 'caHash=%s\n' "$(echo "$offered" | sed -n 's/.*--discovery-token-ca-cert-hash \([^ ]*\).*/\1/p')"
	printf 'address=%s\n' "$(api_address)"
	if [ "$(input role)" = control-plane ]; then
		input_name node || fail 'input node is not a name'
		offer_membership "$INPUT_NAME" || fail 'the certificates could not be offered'
	fi
	# From now on there is another node to route to.
	if [ "$CNI_PLUGIN" = bridge ]; then
		: >"$KUBERNETES/kreconcile/pod-routes"
		{ kube apply -f "$KUBEADM_FILES/pod-routes.yaml" && service_enable kreconcile-pod-routes.timer &&
			service_start kreconcile-pod-routes.timer; } >&2
	fi
}

# api_address: what kubeadm wrote into the API server's manifest.
api_address() {
	sed -n 's/.*kube-apiserver.advertise-address.endpoint: *"\{0,1\}\([0-9.]*\):.*/\1/p' "$KUBERNETES/manifests/kube-apiserver.yaml" | head -n 1
}

dist_kubeconfig() { cat "$KUBERNETES/admin.conf"; }

configure_network() {
	case $CNI_PLUGIN in
	bridge) configure_bridge ;;
	manifest)
		[ "$ROLE" = control-plane ] || return 0
		progress 'applies the network manifest'
		case $CNI_MANIFEST in
		http://* | https://* | file://*) download "$CNI_MANIFEST" "$KUBEADM_FILES/cni.yaml" || fail "could not download $CNI_MANIFEST" ;;
		esac
		# On the server's side, because the definitions of big networks do not fit into an annotation.
		wait_for "$API_WAIT_SECONDS" kube apply --server-side --force-conflicts -f "$KUBEADM_FILES/cni.yaml" ||
			fail "the network manifest is refused: $(kube apply --server-side --force-conflicts -f "$KUBEADM_FILES/cni.yaml" 2>&1 | tail -n 1)"
		;;
	esac
}

# configure_bridge: pods of this node stand in a bridge, in the subnet that the cluster gave the node.
configure_bridge() {
	subnet_file=$KUBERNETES/kreconcile/pod-subnet
	if [ ! -s "$subnet_file" ]; then
		progress 'waits for the subnet of its pods'
		wait_for "$API_WAIT_SECONDS" read_pod_subnet || fail "the cluster gave $NODE_NAME no pod subnet"
	fi
	sed "s#@SUBNET@#$(cat "$subnet_file")#" "$KUBEADM_FILES/10-kreconcile.conflist" >"$KUBEADM_FILES/10-kreconcile.conflist.here"
	install_file "$KUBEADM_FILES/10-kreconcile.conflist.here" "$ROOT/etc/cni/net.d/10-kreconcile.conflist" 0644 ||
		fail 'the network configuration could not be written'
	if [ "$ROLE" = worker ] || has_other_nodes; then
		service_enable kreconcile-pod-routes.timer && service_start kreconcile-pod-routes.timer || fail 'the routes to other nodes cannot be kept'
	fi
}

# has_other_nodes: somebody joined once. Before there was a note of it, the access that was made then tells.
has_other_nodes() {
	[ -e "$KUBERNETES/kreconcile/pod-routes" ] || kube --request-timeout=20s get clusterrole kreconcile:pod-routes >/dev/null 2>&1
}

read_pod_subnet() {
	pod_subnet=$(node_kube --request-timeout=20s get node "$NODE_NAME" -o 'jsonpath={.spec.podCIDR}') || return 1
	case $pod_subnet in '' | *[!0-9a-f.:/]*) return 1 ;; esac
	mkdir -p "$KUBERNETES/kreconcile"
	echo "$pod_subnet" >"$subnet_file.new" && mv -f "$subnet_file.new" "$subnet_file"
}
