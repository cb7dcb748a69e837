# kubeadm: the distribution's half of the in-guest program, in the files of this folder. Everything here may be cut off at any
# instant and run again. Operations run under `set -e`. Files that the seed brings stand in $KUBEADM_FILES; what must outlive the root disk stands below $KUBERNETES.
KUBEADM_FILES=$ROOT/etc/kreconcile/kubeadm
KUBERNETES=$ROOT/etc/kubernetes
KUBEADM_LOG=$ROOT/var/lib/kreconcile-guest/kubeadm.log
KUBEADM_STAGED=$ROOT/var/lib/kreconcile-guest/staged
KUBEADM_WORK=$ROOT/var/lib/kreconcile-guest/kubeadm-work
KUBEADM_PREVIOUS=$ROOT/var/lib/kreconcile-guest/previous
KUBEADM_INSTALLED=$INSTALLED
# On the state disk: this node became a member of its cluster, and the version that last ran with what is kept there.
KUBEADM_MEMBER=$KUBERNETES/kreconcile/member
KUBEADM_VERSION=$KUBERNETES/kreconcile/version
CONTROL_PLANE='etcd kube-apiserver kube-controller-manager kube-scheduler'

kube() { kubectl --kubeconfig "$KUBERNETES/admin.conf" "$@"; }

# node_kube ARGS…: kubectl as this node, which may read its own Node object and little else.
node_kube() { kubectl --kubeconfig "$KUBERNETES/kubelet.conf" "$@"; }

kubelet_version() { kubelet --version 2>/dev/null | sed -n 's/^Kubernetes //p'; }

program_version() {
	case $1 in
	kubeadm) kubeadm version -o short 2>/dev/null ;;
	kubelet) kubelet_version ;;
	kubectl) kubectl version --client 2>/dev/null | sed -n 's/^Client Version: //p' ;;
	esac
}

# minor_of VERSION
minor_of() { echo "$1" | cut -d. -f1-2; }

# program_folder: where the image keeps the kubelet.
program_folder() {
	if program_found=$(command -v kubelet); then dirname "$program_found"; else echo "$ROOT/usr/local/bin"; fi
}

# version_at_least HAVE WANT: the first three numbers count.
version_at_least() {
	awk -v have="$1" -v want="$2" 'BEGIN {
		sub(/^v/, "", have); sub(/^v/, "", want); split(have, h, /[^0-9]/); split(want, w, /[^0-9]/)
		for (i = 1; i <= 3; i++) { if (h[i] + 0 > w[i] + 0) exit 0; if (h[i] + 0 < w[i] + 0) exit 1 }
		exit 0
	}'
}

# take_verified URL SUMS_URL FILE: the digest stands beside the file's name in SUMS_URL, or alone there. What is not
# verified never stands at FILE.
take_verified() {
	mkdir -p "$KUBEADM_WORK"
	take_file=$KUBEADM_WORK/${1##*/}
	download "$2" "$take_file.sums" || fail "could not download $2"
	take_sum=$(awk -v name="${1##*/}" 'NF == 1 || $2 == name || $2 == "*" name { if (length($1) == 64) { print $1; exit } }' "$take_file.sums")
	download "$1" "$take_file" || fail "could not download $1"
	if ! verify_sha256 "$take_file" "$take_sum"; then
		rm -f "$take_file"
		fail "$1 does not have the digest that $2 states"
	fi
	mkdir -p "${3%/*}" && mv -f "$take_file" "$3" || fail "$3 could not be written"
	rm -f "$take_file.sums"
}

# take_program VERSION NAME FILE
take_program() {
	take_url=$KUBERNETES_MIRROR/release/$1/bin/linux/$ARCH/$2
	take_verified "$take_url" "$take_url.sha256" "$3"
	chmod 0755 "$3"
}

# run_logged LABEL COMMAND…: the command's last line is the operation's progress, its output stays in a log. Tokens are
# masked, because progress leaves the guest.
run_logged() {
	run_label=$1
	run_shown=''
	shift
	rm -f "$KUBEADM_LOG"
	(umask 077 && : >"$KUBEADM_LOG")
	"$@" >"$KUBEADM_LOG" 2>&1 &
	run_pid=$!
	while kill -0 "$run_pid" 2>/dev/null; do
		run_line=$(tail -n 1 "$KUBEADM_LOG" | masked)
		[ "$run_line" = "$run_shown" ] || progress "$run_label: $run_line"
		run_shown=$run_line
		sleep 1
	done
	wait "$run_pid"
}

masked() { sed -E 's/[a-z0-9]{6}\.[a-z0-9]{16}/<token>/g' | cut -c1-"${1:-200}"; }

# logged_failure: the lines of the log that say what went wrong, else its last; neither kubeadm's hints nor what an etcd client
# logs of its retries. kubeadm names the cause at the end of a long line.
logged_failure() {
	{
		grep -iE 'error|fatal|failed|timed out' "$KUBEADM_LOG" | grep -vE '^\{"level"|--ignore-preflight-errors=|--v=5' ||
			tail -n 2 "$KUBEADM_LOG"
	} | tail -n 3 | masked 450 | tr '\n' ' '
}
