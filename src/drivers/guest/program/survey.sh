# survey: volumes that would be lost with the root disk.

# survey_node: input node (default: the guest's own). Result outside: up to ten `namespace/pod:path` and, of persistent
# volumes, `namespace/volume:path`, with commas between them.
survey_node() {
	survey_name=$NODE_NAME
	if [ -n "$(input node)" ]; then input_name node || fail 'input node is not a name' && survey_name=$INPUT_NAME; fi
	progress "looks for volumes of $survey_name outside the kept paths"
	survey_file=$OPERATION/survey
	if [ "$ROLE" = control-plane ]; then
		survey_read kube pods,persistentvolumes -A >"$survey_file" || fail "pods and volumes could not be read: $(tail -n 1 "$OPERATION/log")"
	else
		# A node may read its own pods and what they claim, and no list of volumes.
		survey_read node_kube pods -A --field-selector "spec.nodeName=$survey_name" >"$survey_file" ||
			fail "the pods of $survey_name could not be read: $(tail -n 1 "$OPERATION/log")"
		survey_claims >>"$survey_file"
	fi
	result outside "$(survey_outside <"$survey_file" | sort -u | head -n 10 | tr '\n' ',' | cut -c1-490 | sed 's/,$//')"
	rm -f "$survey_file"
}

# survey_read READER ARGS…: one line of words for each pod, its host paths, claims and mounts, and each volume of a node.
survey_read() {
	survey_reader=$1
	shift
	survey_mounts='{{range .volumeMounts}}M {{.name}} {{if .readOnly}}ro{{else}}rw{{end}}{{"\n"}}{{end}}'
	survey_pod='P {{.metadata.namespace}} {{.metadata.name}} {{or .spec.nodeName "-"}} {{or .status.phase "-"}}{{"\n"}}'
	survey_pod="$survey_pod{{range .spec.volumes}}{{\$name := .name}}{{with .hostPath}}H {{\$name}} {{or .type \"-\"}} {{.path}}{{\"\\n\"}}{{end}}"
	survey_pod="$survey_pod{{with .persistentVolumeClaim}}C {{.claimName}}{{\"\\n\"}}{{end}}{{end}}"
	survey_pod="$survey_pod{{range .spec.initContainers}}$survey_mounts{{end}}{{range .spec.containers}}$survey_mounts{{end}}"
	survey_hosts='{{with .spec.nodeAffinity}}{{with .required}}{{range .nodeSelectorTerms}}{{range .matchExpressions}}'
	survey_hosts="$survey_hosts{{if eq .key \"kubernetes.io/hostname\"}}{{range .values}}{{.}},{{end}}{{end}}{{end}}{{end}}{{end}}{{end}}"
	survey_volume="V {{.metadata.name}} {{with .spec.claimRef}}{{.namespace}}{{else}}-{{end}} ,$survey_hosts "
	survey_volume="$survey_volume{{with .spec.local}}{{.path}}{{end}}{{with .spec.hostPath}}{{.path}}{{end}}{{\"\\n\"}}"
	survey_item="{{if eq .kind \"Pod\"}}$survey_pod{{else if eq .kind \"PersistentVolume\"}}$survey_volume{{end}}"
	"$survey_reader" get "$@" --request-timeout=20s -o "go-template={{if .items}}{{range .items}}$survey_item{{end}}{{else if .kind}}$survey_item{{end}}"
}

# survey_claims: the volumes behind the claims of the pods that were read, asked for one by one.
survey_claims() {
	awk '$1 == "P" { namespace = $2 } $1 == "C" { print namespace, $2 }' "$survey_file" | sort -u | head -n 20 >"$survey_file.claims"
	while read -r claim_namespace claim_name; do
		claim_volume=$(node_kube get persistentvolumeclaim "$claim_name" -n "$claim_namespace" --request-timeout=10s \
			-o 'jsonpath={.spec.volumeName}') && [ -n "$claim_volume" ] || continue
		survey_read node_kube persistentvolume "$claim_volume" || :
	done <"$survey_file.claims"
	rm -f "$survey_file.claims"
}

# survey_outside: what of the lines is written, not kept and not the system's own, which every root brings anew.
survey_outside() {
	awk -v node="$survey_name" -v kept="$KEEP_PATHS" '
		function below(path, list, count, folders, i) {
			count = split(list, folders, " ")
			for (i = 1; i <= count; i++) if (path == folders[i] || index(path, folders[i] "/") == 1) return 1
			return 0
		}
		function rest(from, text, i) {
			text = $from
			for (i = from + 1; i <= NF; i++) text = text " " $i
			sub(/\/+$/, "", text); gsub(/,/, "_", text)
			return text
		}
		function isOutside(path) { return path != "" && !below(path, kept) && !below(path, system_own) }
		function flush_pod(name) {
			for (name in paths) if (name in written) print pod ":" paths[name]
			split("", paths); split("", written)
		}
		BEGIN {
			system_own = "/proc /sys /dev /run /var/run /tmp /usr /lib /lib64 /bin /sbin /boot /opt/cni /etc/cni /etc/ssl /etc/pki"
			system_own = system_own " /var/log /var/lib/cni /var/lib/calico /var/lib/containerd /var/lib/kubelet"
		}
		$1 == "P" { flush_pod(); pod = $2 "/" $3; here = $4 == node && $5 != "Succeeded" && $5 != "Failed" }
		$1 == "H" && here && $3 !~ /^(Socket|CharDevice|BlockDevice)$/ && isOutside(rest(4)) { paths[$2] = rest(4) }
		$1 == "M" && here && $3 == "rw" { written[$2] = 1 }
		$1 == "V" && ($4 == "," || index($4, "," node ",")) && $3 != "-" && isOutside(rest(5)) { print $3 "/" $2 ":" rest(5) }
		END { flush_pod() }'
}
