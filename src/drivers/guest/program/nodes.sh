# Nodes, through the API of the control plane that this guest is.

CORDON_ANNOTATION=kreconcile.dev/cordoned

# read_node NAME: NODE_UNSCHEDULABLE and NODE_OURS become true or empty.
read_node() {
	# A key that is missing would be printed as `<no value>`, which is two words.
	read_template='{{if .spec.unschedulable}}true{{else}}-{{end}} '
	read_template="$read_template{{with .metadata.annotations}}{{if index . \"$CORDON_ANNOTATION\"}}ours{{end}}{{end}}"
	read_line=$(kube get node "$1" --request-timeout=10s -o "go-template=$read_template") || return 1
	NODE_UNSCHEDULABLE='' NODE_OURS=''
	case $read_line in true\ *) NODE_UNSCHEDULABLE=true ;; esac
	case $read_line in *\ ours) NODE_OURS=true ;; esac
}

# cordon_node NAME: a node that somebody else cordoned stays theirs.
cordon_node() {
	read_node "$1" || fail "node $1 could not be read"
	if [ -n "$NODE_UNSCHEDULABLE" ]; then return 0; fi
	kube patch node "$1" --request-timeout=10s --type=merge \
		-p "{\"metadata\":{\"annotations\":{\"$CORDON_ANNOTATION\":\"true\"}},\"spec\":{\"unschedulable\":true}}" >&2 ||
		fail "node $1 could not be cordoned"
}

# uncordon_node NAME: only what we cordoned.
uncordon_node() {
	read_node "$1" || fail "node $1 could not be read"
	if [ -z "$NODE_OURS" ]; then return 0; fi
	kube patch node "$1" --request-timeout=10s --type=merge \
		-p "{\"metadata\":{\"annotations\":{\"$CORDON_ANNOTATION\":null}},\"spec\":{\"unschedulable\":null}}" >&2 ||
		fail "node $1 could not be uncordoned"
}

# drain_node: inputs node and timeout. On failure the node takes pods again at once.
drain_node() {
	input_name node || fail 'input node is not a name'
	drain_name=$INPUT_NAME
	drain_seconds=$(input timeout)
	case $drain_seconds in '' | *[!0-9]*) fail 'input timeout is not a number of seconds' ;; esac
	cordon_node "$drain_name"
	progress "draining $drain_name"
	if kube drain "$drain_name" --ignore-daemonsets --delete-emptydir-data --timeout="${drain_seconds}s" >"$OPERATION/drain" 2>&1; then
		return 0
	fi
	cat "$OPERATION/drain" >&2
	(uncordon_node "$drain_name") || :
	drain_blocking=$(blocking_pods <"$OPERATION/drain")
	fail "drain of $drain_name failed${drain_blocking:+, blocked by: $drain_blocking}; $(grep -v '^$' "$OPERATION/drain" | tail -n 1)"
}

# blocking_pods: names from kubectl's complaints, in the two forms that it uses.
blocking_pods() {
	sed -n -e 's/^error when evicting pods\/"\([^"]*\)" -n "\([^"]*\)".*/\2\/\1/p' -e 's/^.*cannot delete [^:]*: //p' |
		tr '],;[ ' '[\n*]' | grep '^[a-z0-9.-]*/[a-z0-9.-]*$' | sort -u | head -n 20 | tr '\n' ' ' | sed 's/ $//'
}

is_control_plane() {
	kube get node "$1" --ignore-not-found -o 'jsonpath={.metadata.labels}' --request-timeout=10s | grep -q 'node-role.kubernetes.io/control-plane'
}

remove_node() {
	if is_control_plane "$1"; then dist_remove_member "$1"; fi
	kube delete node "$1" --ignore-not-found --wait=false --request-timeout=10s >&2 || fail "node $1 could not be removed"
}

# One run of kubectl for everything that a pass needs of the API: one line of words for each object.
api_objects() {
	api_node='N {{.metadata.name}} {{or .status.nodeInfo.kubeletVersion "-"}} {{with .spec.unschedulable}}cordoned{{else}}-{{end}} '
	api_node="$api_node{{with .metadata.annotations}}{{if index . \"$CORDON_ANNOTATION\"}}ours{{else}}-{{end}}{{else}}-{{end}} "
	api_node=$api_node'{{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}'
	api_lease='{{if eq .metadata.namespace "kube-node-lease"}}L {{.metadata.name}} {{.spec.renewTime}}{{end}}'
	api_namespace='{{if eq .metadata.name "kube-system"}}U {{.metadata.uid}}{{end}}'
	api_pod='{{with .spec.nodeName}}P {{.}} {{end}}{{.status.phase}}{{range .metadata.ownerReferences}} {{.kind}}{{end}}'
	api_template="{{range .items}}{{if eq .kind \"Node\"}}$api_node{{else if eq .kind \"Lease\"}}$api_lease"
	api_template="$api_template{{else if eq .kind \"Namespace\"}}$api_namespace{{else if eq .kind \"Pod\"}}$api_pod{{end}}{{\"\\n\"}}{{end}}"
	kube get "$1" -A --request-timeout=5s -o "go-template=$api_template"
}

# api_version: what the local API server says of itself, as JSON. Another start of kubectl is spared where curl is at hand.
api_version() {
	# Paths of ours, without blanks.
	# shellcheck disable=SC2046
	set -- $(dist_api_ca)
	api_said=''
	if [ -r "${1:-}" ] && has curl; then
		api_said=$(curl -fsS --max-time 3 --noproxy '*' --cacert "$1" ${3:+--cert "$2" --key "$3"} --connect-to '::127.0.0.1:' "https://$NODE_NAME:$API_PORT/version" 2>/dev/null) || api_said=''
	fi
	[ -n "$api_said" ] || api_said=$(kube get --raw /version --request-timeout=3s 2>/dev/null) || :
	json_text "$(printf '%s' "$api_said" | tr ',' '\n' | sed -n 's/^.*"gitVersion": *"\([A-Za-z0-9._+-]*\)".*/\1/p' | head -n 1)"
}

# api_status: the members of GuestKubernetes that need the API; the second run is spared while it is not ready.
api_status() {
	if ! kube get --raw /readyz --request-timeout=3s >/dev/null 2>&1; then
		printf '"apiReady":false,"clusterUid":null,"nodes":[],"nodesTotal":0'
		return 0
	fi
	# Counting pods means reading them all, which is worth it in small clusters only.
	api_kinds=nodes,leases.coordination.k8s.io,namespaces
	first_line "$RUN_FOLDER/nodes"
	if [ "${FIRST_LINE:-99}" -le 10 ] 2>/dev/null; then api_kinds=$api_kinds,pods; fi
	# Not in a file: who is timed out leaves it behind.
	api_lines=$(api_objects "$api_kinds" 2>/dev/null) || :
	mkdir -p "$RUN_FOLDER"
	printf '%s\n' "$api_lines" | grep -c '^N ' >"$RUN_FOLDER/nodes"
	printf '"apiVersion":%s,' "$(api_version)"
	printf '%s\n' "$api_lines" | node_summary "$api_kinds"
}

# node_summary KINDS: at most 200 nodes as JSON from the lines of api_objects.
node_summary() {
	awk -v now="$(date +%s)" -v kinds="$1" '
		function age(stamp, part, y, m, days) {
			if (split(stamp, part, /[-T:.Z]/) < 6) return "null"
			y = part[1] - (part[2] <= 2); m = (part[2] + 9) % 12
			days = 365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * m + 2) / 5) + part[3] - 1 - 719468
			return sprintf("%.0f", 1000 * (now - (days * 86400 + part[4] * 3600 + part[5] * 60 + part[6])))
		}
		function flag(yes) { return yes ? "true" : "false" }
		function safe(word) { gsub(/[^A-Za-z0-9._+-]/, "", word); return word }
		$1 == "N" && ++total <= 200 { order[total] = $2; version[$2] = $3; spec[$2] = $4; own[$2] = $5; ready[$2] = $6 }
		$1 == "L" { beat[$2] = age($3) }
		$1 == "U" { uid = safe($2) }
		$1 == "P" && $3 != "Succeeded" && $3 != "Failed" && $4 != "DaemonSet" && $4 != "Node" { pods[$2]++ }
		END {
			printf "\"apiReady\":true,\"clusterUid\":%s,\"nodes\":[", (uid == "" ? "null" : "\"" uid "\"")
			for (i = 1; i <= total && i <= 200; i++) {
				n = order[i]
				printf "%s{\"name\":\"%s\",\"version\":\"%s\"", (i > 1 ? "," : ""), safe(n), (version[n] == "-" ? "" : safe(version[n]))
				printf ",\"ready\":%s,\"heartbeatAgeMs\":%s", flag(ready[n] == "True"), ((n in beat) ? beat[n] : "null")
				printf ",\"unschedulable\":%s,\"cordonedByUs\":%s", flag(spec[n] == "cordoned"), flag(own[n] == "ours")
				printf ",\"evictablePods\":%s}", (kinds ~ /pods/ ? pods[n] + 0 : "null")
			}
			printf "],\"nodesTotal\":%d", total
		}'
}
