# A distribution's library defines these anew; a machine without Kubernetes keeps them.
kube() { fail 'this machine is no Kubernetes node'; }
dist_bootstrap() { :; }
dist_join() { fail 'this machine is no Kubernetes node'; }
dist_stage() { fail 'this machine is no Kubernetes node'; }
dist_backup() { fail 'this machine is no Kubernetes node'; }
dist_upgrade() { fail 'this machine is no Kubernetes node'; }
dist_rollback() { fail 'this machine is no Kubernetes node'; }
dist_restore() { fail 'this machine is no Kubernetes node'; }
dist_renew_certificates() { fail 'this machine is no Kubernetes node'; }
dist_restart() { fail 'this machine is no Kubernetes node'; }
dist_api_ca() { :; }
node_kube() { fail 'this machine is no Kubernetes node'; }
dist_remove_member() { :; }
dist_join_info() { fail 'this machine is no Kubernetes node'; }
dist_kubeconfig() { fail 'this machine is no Kubernetes node'; }
dist_status() { fail 'this machine is no Kubernetes node'; }

#@ library

call_verb() {
	case $1 in cordon | uncordon | remove-member | remove-node) input_name node || return 1 ;; esac
	case $1 in
	join-info) dist_join_info ;;
	kubeconfig)
		call_answer=$(dist_kubeconfig | base64 | tr -d '\n')
		[ -n "$call_answer" ] || fail 'there is no kubeconfig'
		printf 'kubeconfig=%s\n' "$call_answer"
		;;
	cordon) cordon_node "$INPUT_NAME" ;;
	uncordon) uncordon_node "$INPUT_NAME" ;;
	remove-member) dist_remove_member "$INPUT_NAME" ;;
	remove-node) remove_node "$INPUT_NAME" ;;
	*) complain "unknown verb $1" && return 2 ;;
	esac
}

case ${1:-} in
status) status ;;
start) start_operation "${2:-}" "${3:-}" ;;
run) run_operation "${2:-}" "${3:-}" ;;
call) INPUT=$(cat) && call_verb "${2:-}" ;;
mount-state) mount_state ;;
version) program_digest && echo ;;
# Not for the host: cloud-init's, and parts of status that may hang.
install-packages) shift && install_packages "$@" ;;
dist-status) dist_status ;;
api-status) api_status ;;
*) complain "usage: $0 status | start VERB ID | run VERB ID | call VERB | mount-state | version" && exit 2 ;;
esac
