# status: everything that a pass needs to know of this guest, as src/model/guest-status.ts says.

program_digest() { printf 'sha256:%s' "$(sha256sum "$SELF" | cut -d' ' -f1)"; }

# From cloud-init's own files: its status command is a Python program that takes seconds in an emulated guest.
cloud_init_reading() {
	if [ -r "$ROOT/run/cloud-init/result.json" ]; then
		if tr -d ' \n' <"$ROOT/run/cloud-init/result.json" | grep -q '"errors":\[\]'; then echo 'done'; else echo error; fi
	elif [ -e "$ROOT/run/cloud-init/status.json" ]; then
		echo running
	elif [ -e "$ROOT/run/cloud-init/disabled" ] || [ ! -d "$ROOT/etc/cloud" ]; then
		echo absent
	else
		echo not-run
	fi
}

os_json() {
	(
		ID='' VERSION_ID=''
		# shellcheck disable=SC1091
		[ -r "$ROOT/etc/os-release" ] && . "$ROOT/etc/os-release"
		if [ -n "$ID" ]; then
			printf '{"id":%s,"version":%s}' "$(json_string "$ID")" "$(json_string "$VERSION_ID")"
		else
			printf null
		fi
	)
}

# IPv4 addresses of interfaces with hardware behind them: bridges and tunnels of a CNI have none.
addresses_json() {
	addresses_comma=''
	ip -4 -o addr show 2>/dev/null | while read -r _ address_link address_family address_value _; do
		[ "$address_family" = inet ] && [ -e "$ROOT/sys/class/net/$address_link/device" ] || continue
		first_line "$ROOT/sys/class/net/$address_link/address"
		printf '%s{"mac":%s,"address":%s}' "$addresses_comma" "$(json_string "$FIRST_LINE")" "$(json_string "${address_value%%/*}")"
		addresses_comma=,
	done
}

operation_json() {
	operation_state "$1"
	operation_word=$OPERATION_STATE
	first_line "$1/message"
	case $OPERATION_STATE in
	failed) first_line "$1/error" ;;
	interrupted)
		operation_word=failed
		FIRST_LINE="interrupted${FIRST_LINE:+ while: $FIRST_LINE}"
		;;
	esac
	operation_message=$(printf '%s' "$FIRST_LINE" | cut -c1-500)
	first_line "$1/verb"
	operation_verb=$FIRST_LINE
	first_line "$1/started"
	printf '{"id":"%s","verb":%s,"state":"%s","startedAtMs":%s,"endedAtMs":%s,"message":%s,"result":{' "${1##*/}" \
		"$(json_string "$operation_verb")" "$operation_word" "${FIRST_LINE:-0}" "${OPERATION_ENDED:-null}" "$(json_string "$operation_message")"
	if [ -r "$1/result" ]; then
		result_comma=''
		while read -r result_key result_value; do
			printf '%s%s:%s' "$result_comma" "$(json_string "$result_key")" "$(json_string "$result_value")"
			result_comma=,
		done <"$1/result"
	fi
	printf '}}'
}

operations_json() {
	json_comma=''
	for listed in $(operations_by_time | sort -n | tail -n 20 | cut -d' ' -f2); do
		printf '%s' "$json_comma"
		operation_json "$OPERATIONS/$listed"
		json_comma=,
	done
}

staged_json() {
	staged_comma=''
	for staged_mark in "$STAGED"/*/.complete; do
		[ -e "$staged_mark" ] || continue
		staged_version=${staged_mark%/.complete}
		printf '%s%s' "$staged_comma" "$(json_string "${staged_version##*/}")"
		staged_comma=,
	done
}

# veto_json: who put that file there does not want the node to be disturbed, and may say why.
veto_json() {
	if [ -e "$ROOT/etc/kreconcile/veto" ]; then json_string "$(head -c 200 "$ROOT/etc/kreconcile/veto" 2>/dev/null | tr '\n' ' ')"; else printf null; fi
}

# The distribution's object with what the base adds. A part that hangs costs that part, never the reply.
kubernetes_json() {
	if [ -z "$DISTRIBUTION" ]; then
		printf null
		return 0
	fi
	kubernetes_own=$(self_bounded "${KRECONCILE_STATUS_SECONDS:-20}" dist-status) || return 1
	case $kubernetes_own in '{'*'}') ;; *) complain 'dist_status printed no object' && return 1 ;; esac
	kubernetes_api='"apiReady":null,"clusterUid":null,"nodes":[],"nodesTotal":0'
	kubeconfig_digest=null
	case $ROLE$(printf '%s' "$kubernetes_own" | tr -d ' \n') in
	control-plane*'"phase":"initialised"'*)
		kubernetes_api=$(self_bounded "${KRECONCILE_API_SECONDS:-15}" api-status) || kubernetes_api='"apiReady":false,"clusterUid":null,"nodes":[],"nodesTotal":0'
		kubernetes_config=$(dist_kubeconfig 2>/dev/null | sha256sum | cut -d' ' -f1)
		[ "$kubernetes_config" = e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 ] ||
			kubeconfig_digest="\"sha256:$kubernetes_config\""
		;;
	control-plane*) kubernetes_api='"apiReady":false,"clusterUid":null,"nodes":[],"nodesTotal":0' ;;
	esac
	printf '%s,%s,"kubeconfigDigest":%s,"staged":[%s]}' "${kubernetes_own%\}}" "$kubernetes_api" "$kubeconfig_digest" "$(staged_json)"
}

# First boot starts an operation, and operations change Kubernetes: read in this order, a reading may show a cause with an
# effect of later, never the end of a cause without its effect.
status() {
	status_cloud_init=$(cloud_init_reading)
	status_operations=$(operations_json)
	status_kubernetes=$(kubernetes_json) || { complain 'the state of Kubernetes could not be read' && return 1; }
	first_line "$ROOT/proc/sys/kernel/random/boot_id"
	status_boot=$FIRST_LINE
	first_line "$ROOT/proc/sys/kernel/hostname"
	printf '{"program":"%s","bootId":%s,"hostname":%s,"os":%s,"cloudInit":"%s","addresses":[%s],"stateDisk":"%s","kubernetes":%s,"veto":%s,"operations":[%s]}\n' \
		"$(program_digest)" "$(json_string "$status_boot")" "$(json_text "$FIRST_LINE")" "$(os_json)" "$status_cloud_init" \
		"$(addresses_json)" "$(state_reading)" "$status_kubernetes" "$(veto_json)" "$status_operations"
}
