# Several servers: each is a member of the embedded etcd, which k3s itself lets in and out.

# node_says NODE JSONPATH
node_says() { kube --request-timeout=10s get node "$1" --ignore-not-found -o "jsonpath=$2"; }

# dist_remove_member NODE: out of etcd, while the others are a majority; k3s on that server stands still afterwards. Gone already is success.
dist_remove_member() {
	[ "$1" != "$NODE_NAME" ] || fail 'a server does not take itself out of etcd'
	member_name=$(node_says "$1" '{.metadata.annotations.etcd\.k3s\.cattle\.io/node-name}') || fail "node $1 could not be read"
	if [ -z "$member_name" ] || member_removed "$1"; then return 0; fi
	kube --request-timeout=10s annotate node "$1" etcd.k3s.cattle.io/remove=true --overwrite >&2 || fail "node $1 could not be told to leave etcd"
	wait_for 15 member_removed "$1" || fail "$1 has not left etcd yet: see journalctl -u k3s"
}

member_removed() { [ -n "$(node_says "$1" '{.metadata.annotations.etcd\.k3s\.cattle\.io/removed-node-name}')" ]; }

# offer_membership NODE: a server of that name which is lost with its disk is a member still, and its password is known. k3s forgets both
# with its Node. One that is Ready is let alone.
offer_membership() {
	offered_ready=$(node_says "$1" '{.status.conditions[?(@.type=="Ready")].status}') || fail "node $1 could not be read"
	case $offered_ready in
	'' | True) ;;
	*) kube --request-timeout=10s delete node "$1" --ignore-not-found --wait=false >&2 || fail "the lost node $1 could not be removed" ;;
	esac
}
