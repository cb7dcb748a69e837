# k3s: the distribution's half of the in-guest program. Everything here may be cut off at any instant and run again. Operations run
# under `set -e`. What the seed brings stands in $K3S_FILES, because /etc/rancher is a folder of the state disk.
K3S_FILES=$ROOT/etc/kreconcile/k3s
K3S_CONFIG=$ROOT/etc/rancher/k3s
K3S_DATA=$ROOT/var/lib/rancher/k3s
K3S_STAGED=$ROOT/var/lib/kreconcile-guest/staged
K3S_PREVIOUS=$ROOT/var/lib/kreconcile-guest/previous
K3S_WORK=$ROOT/var/lib/kreconcile-guest/k3s-work
K3S_INSTALLED=$INSTALLED
# On the state disk: this node became a member of its cluster, and the version that last ran with what is kept there.
K3S_MEMBER=$ROOT/var/lib/rancher/kreconcile-member
K3S_VERSION=$ROOT/var/lib/rancher/kreconcile-version
# Stands from before a newer program is in place until it has proven to serve: `<from> <to>`.
K3S_UPGRADING=$ROOT/var/lib/rancher/kreconcile-upgrading
# What ran before the last upgrade, and how many servers the cluster had: `<version> <servers>`.
K3S_KEPT=$ROOT/var/lib/rancher/kreconcile-previous
# The datastore as the upgrade found it.
K3S_BEFORE=$ROOT/var/lib/rancher/kreconcile-before
if [ "$ROLE" = control-plane ]; then K3S_SERVICE=k3s; else K3S_SERVICE=k3s-agent; fi

kube() { k3s kubectl --kubeconfig "$K3S_CONFIG/k3s.yaml" "$@"; }

# node_kube ARGS…: kubectl as this node, which may read its own Node object and little else.
node_kube() { k3s kubectl --kubeconfig "$K3S_DATA/agent/kubelet.kubeconfig" "$@"; }

# version_of PROGRAM: from the first of its two lines, `k3s version v1.36.4+k3s1 (49411e70)`.
version_of() { "$1" --version 2>/dev/null | sed -n 's/^k3s version \(v[^ ]*\).*/\1/p'; }

k3s_program() {
	if k3s_found=$(command -v k3s); then echo "$k3s_found"; else echo "$ROOT/usr/local/bin/k3s"; fi
}

# take_k3s VERSION FILE: verified by the list that stands beside it. In a URL the plus sign would be a blank.
take_k3s() {
	take_folder=$K3S_MIRROR/$(echo "$1" | sed 's/+/%2B/g')
	case $ARCH in amd64) take_name=k3s ;; *) take_name=k3s-$ARCH ;; esac
	mkdir -p "$K3S_WORK"
	download "$take_folder/sha256sum-$ARCH.txt" "$K3S_WORK/sums" || fail "could not download $take_folder/sha256sum-$ARCH.txt"
	take_sum=$(awk -v name="$take_name" '$2 == name || $2 == "*" name { print $1; exit }' "$K3S_WORK/sums")
	download "$take_folder/$take_name" "$K3S_WORK/$1" || fail "could not download $take_folder/$take_name"
	if ! verify_sha256 "$K3S_WORK/$1" "$take_sum"; then
		rm -f "$K3S_WORK/$1"
		fail "$take_folder/$take_name does not have the digest that sha256sum-$ARCH.txt states"
	fi
	chmod 0755 "$K3S_WORK/$1"
	take_found=$(version_of "$K3S_WORK/$1") || take_found=nothing
	[ "$take_found" = "$1" ] || fail "the mirror's k3s $1 says that it is $take_found"
	mkdir -p "${2%/*}" && mv -f "$K3S_WORK/$1" "$2" || fail "$2 could not be written"
	rm -rf "$K3S_WORK"
}

# note FILE TEXT: on the state disk, in one act.
note() { echo "$2" >"$1.new" && sync && mv -f "$1.new" "$1" && sync || fail "${1##*/} could not be written on the state disk"; }

api_serves() { wait_for "$API_WAIT_SECONDS" kube --request-timeout=20s get --raw /readyz; }

dist_bootstrap() {
	# The data comes before the seed: a new root runs what last ran with it.
	if [ -f "$K3S_MEMBER" ] && grep -Eqxs 'v[0-9]+\.[0-9]+\.[0-9A-Za-z.+-]+' "$K3S_VERSION"; then VERSION=$(cat "$K3S_VERSION"); fi
	if [ ! -f "$K3S_INSTALLED" ]; then
		if [ "$(version_of "$(k3s_program)")" != "$VERSION" ]; then
			progress "k3s $VERSION"
			take_k3s "$VERSION" "$K3S_STAGED/.first/k3s"
			install_file "$K3S_STAGED/.first/k3s" "$(k3s_program)" 0755 || fail 'k3s could not be installed'
			rm -rf "$K3S_STAGED/.first"
		fi
		sed "s#@K3S@#$(k3s_program)#" "$K3S_FILES/$K3S_SERVICE.service" >"$K3S_FILES/unit"
		install_file "$K3S_FILES/unit" "$ROOT/etc/systemd/system/$K3S_SERVICE.service" 0644 || fail "the unit of k3s could not be written"
		echo "$VERSION" >"$K3S_INSTALLED"
	fi
	need_state
	configure_k3s
	if { [ "$ROLE" != control-plane ] || [ "$JOINS" = 1 ]; } && [ ! -f "$K3S_MEMBER" ]; then
		progress 'installed; waits to be joined'
		return
	fi
	# Beside a restore that was begun no new cluster may come about either.
	if { [ "$RESTORE" = 1 ] || [ -f "$K3S_RESTORING" ]; } && [ ! -f "$K3S_MEMBER" ]; then
		progress 'installed; waits for its backup'
		return
	fi
	# A server's own name for the cluster leads to itself, an agent's to where it joined.
	if [ "$ROLE" = control-plane ]; then endpoint_address=127.0.0.1; else endpoint_address=$(cat "$K3S_MEMBER"); fi
	set_endpoint_hosts "$endpoint_address" || fail 'the endpoint could not be named in /etc/hosts'
	start_k3s
	[ "$ROLE" != control-plane ] || api_serves ||
		fail 'the API server does not become ready: see journalctl -u k3s'
	become_member "$endpoint_address"
	progress 'bootstrap done'
}

# configure_k3s: config.yaml, registries.yaml, manifests and, on a server, the token.
configure_k3s() {
	mkdir -p "$K3S_CONFIG"
	for configured in config.yaml registries.yaml; do
		[ ! -f "$K3S_FILES/$configured" ] || install_file "$K3S_FILES/$configured" "$K3S_CONFIG/$configured" 0600 ||
			fail "$configured could not be written"
	done
	# The datastore is encrypted with the token it was made with: a token that is there stays.
	if [ -f "$K3S_FILES/token" ]; then
		[ -s "$K3S_CONFIG/token" ] || install_file "$K3S_FILES/token" "$K3S_CONFIG/token" 0600 || fail 'the token could not be written'
		rm -f "$K3S_FILES/token"
	fi
	[ "$ROLE" = control-plane ] || return 0
	[ -s "$K3S_CONFIG/token" ] || fail 'this server has no token: its first boot was not given one'
	case $CNI_MANIFEST in ?*) download "$CNI_MANIFEST" "$K3S_FILES/cni.yaml" || fail "could not download $CNI_MANIFEST" ;; esac
	# Whatever lies in that folder the server applies by itself.
	[ ! -f "$K3S_FILES/cni.yaml" ] || install_file "$K3S_FILES/cni.yaml" "$K3S_DATA/server/manifests/kreconcile-network.yaml" 0600 ||
		fail 'the network manifest could not be written'
}

start_k3s() {
	progress 'starts k3s'
	service_enable "$K3S_SERVICE" || fail "$K3S_SERVICE could not be enabled"
	service_start "$K3S_SERVICE" || fail "k3s does not start: see journalctl -u $K3S_SERVICE"
}

become_member() {
	mkdir -p "${K3S_MEMBER%/*}"
	note "$K3S_VERSION" "$(version_of "$(k3s_program)")"
	echo "$1" >"$K3S_MEMBER"
	sync
}

# dist_join: input token (with the digest of the CA, as join-info gives it) and address (of the server, or `resolved`).
dist_join() {
	[ "$ROLE" = worker ] || [ "$JOINS" = 1 ] || fail 'this server makes the cluster, and joins none'
	[ -f "$K3S_INSTALLED" ] || fail 'the node is not installed yet: bootstrap comes first'
	need_state
	if [ ! -f "$K3S_MEMBER" ]; then
		join_address=$(input address)
		set_endpoint_hosts "$join_address" || fail 'input address is not an address'
		input token | grep -Eqx '(K10[0-9a-f]{64}::[a-z]+:)?[0-9A-Za-z._-]{16,}' || fail 'input token is not a token of k3s'
		(umask 077 && input token >"$K3S_CONFIG/token") || fail 'the token could not be written'
		start_k3s
		wait_for "$API_WAIT_SECONDS" node_kube --request-timeout=20s get node "$NODE_NAME" ||
			fail "the node does not appear in the cluster: see journalctl -u $K3S_SERVICE"
		if [ "$ROLE" = control-plane ]; then
			api_serves || fail 'the API server does not become ready: see journalctl -u k3s'
			# From now on its own.
			join_address=127.0.0.1
			set_endpoint_hosts "$join_address" || fail 'the endpoint could not be named in /etc/hosts'
		fi
		become_member "$join_address"
	fi
	start_k3s
	progress 'join done'
}

# dist_join_info: the token in the form that pins the CA, and where the server is. Inputs node and role: who joins, and as what.
dist_join_info() {
	[ -s "$K3S_DATA/server/token" ] || return 1
	if [ "$(input role)" = control-plane ]; then
		input_name node || fail 'input node is not a name'
		offer_membership "$INPUT_NAME"
	fi
	printf 'token=%s\n' "$(cat "$K3S_DATA/server/token")"
	printf 'address=%s\n' "$(kube --request-timeout=10s get node "$NODE_NAME" -o 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}')"
}

dist_kubeconfig() { cat "$K3S_CONFIG/k3s.yaml"; }

# dist_stage: input version. Disturbs nothing that runs.
dist_stage() {
	version=$(input version)
	if [ ! -f "$K3S_STAGED/$version/k3s" ]; then
		progress "k3s $version"
		take_k3s "$version" "$K3S_STAGED/$version/k3s"
	fi
	sync
	progress "staged $version"
}

# dist_upgrade: input version. Ends when the kubelet that the cluster sees is the new one.
dist_upgrade() {
	need_state
	version=$(input version)
	upgrade_program=$(k3s_program)
	upgrade_from=$(version_of "$upgrade_program")
	if [ "$upgrade_from" != "$version" ]; then
		[ -f "$K3S_STAGED/$version/.complete" ] || fail "$version is not staged"
		# The program that ran before, for going back; of one version only.
		rm -rf "$K3S_PREVIOUS" && mkdir -p "$K3S_PREVIOUS/$upgrade_from"
		cp -p "$upgrade_program" "$K3S_PREVIOUS/$upgrade_from/k3s" || fail "k3s $upgrade_from could not be kept"
		keep_note
		progress "k3s $version"
		install_file "$K3S_STAGED/$version/k3s" "$upgrade_program" 0755 || fail 'k3s could not be installed'
		sync
	fi
	# A second run finds the work done: pods are not to notice.
	if [ "$upgrade_from" != "$version" ] || ! service_active "$K3S_SERVICE" || ! node_reports "$version"; then
		if ! { service_restart "$K3S_SERVICE" && wait_for "$API_WAIT_SECONDS" node_reports "$version"; }; then
			go_back
			result touched yes
			fail "k3s does not report $version: see journalctl -u $K3S_SERVICE"
		fi
	fi
	note "$K3S_VERSION" "$version"
	rm -f "$K3S_UPGRADING"
	rm -rf "${K3S_STAGED:?}/$version"
	result version "$version"
	progress "runs $version"
}

# keep_note: what a rollback must know. Once a newer program may have run, it stays as it was.
keep_note() {
	[ ! -f "$K3S_UPGRADING" ] || return 0
	kept_servers=0
	if [ "$ROLE" = control-plane ]; then
		kept_nodes=$(kube --request-timeout=20s get nodes -l node-role.kubernetes.io/control-plane -o name) ||
			fail 'the servers could not be counted: nothing was begun'
		kept_servers=$(echo "$kept_nodes" | grep -c .) || :
	fi
	keep_data
	note "$K3S_KEPT" "$upgrade_from $kept_servers"
	note "$K3S_UPGRADING" "$upgrade_from $version"
}

# keep_data: a single server's datastore right before another minor first runs with it. The backup that a disruption takes beforehand may be
# hours old.
keep_data() {
	rm -rf "$K3S_BEFORE" "$K3S_BEFORE".*
	[ "$kept_servers" = 1 ] && [ "${upgrade_from%.*}" != "${version%.*}" ] || return 0
	BACKUP_FILE=$K3S_BEFORE.new
	dist_backup
	sync
	mv -f "$K3S_BEFORE.new" "$K3S_BEFORE" || fail 'the datastore could not be kept'
}

# go_back: within a minor the old program reads what the new one wrote; from a newer minor only a snapshot leads back.
go_back() {
	[ "${upgrade_from%.*}" = "${version%.*}" ] && [ -f "$K3S_PREVIOUS/$upgrade_from/k3s" ] && [ "$upgrade_from" != "$version" ] || return 0
	progress "k3s $version does not serve; puts $upgrade_from back"
	install_file "$K3S_PREVIOUS/$upgrade_from/k3s" "$upgrade_program" 0755 && service_restart "$K3S_SERVICE" || :
}

# node_reports VERSION: said by a kubelet that registered, not by a file.
node_reports() {
	[ "$(node_kube --request-timeout=20s get node "$NODE_NAME" -o 'jsonpath={.status.nodeInfo.kubeletVersion}')" = "$1" ]
}
