# Kubernetes' own programs and the kubelet's unit.

install_programs() {
	programs=$(program_folder)
	for program in kubeadm kubelet kubectl; do
		[ "$(program_version $program)" != "$VERSION" ] || continue
		progress "$program $VERSION"
		take_program "$VERSION" "$program" "$KUBEADM_WORK/verified/$program"
		install_file "$KUBEADM_WORK/verified/$program" "$programs/$program" 0755 || fail "$program could not be installed"
	done
	rm -rf "$KUBEADM_WORK"
}

install_kubelet_unit() {
	for units in "$ROOT/etc/systemd/system" "$ROOT/usr/lib/systemd/system" "$ROOT/lib/systemd/system"; do
		if [ -f "$units/kubelet.service.d/10-kubeadm.conf" ]; then
			service_enable kubelet || fail "the kubelet could not be enabled"
			return
		fi
	done
	sed "s#@KUBELET@#$(program_folder)/kubelet#" "$KUBEADM_FILES/10-kubeadm.conf" >"$KUBEADM_FILES/10-kubeadm.conf.here"
	units=$ROOT/etc/systemd/system
	install_file "$KUBEADM_FILES/kubelet.service" "$units/kubelet.service" 0644 &&
		install_file "$KUBEADM_FILES/10-kubeadm.conf.here" "$units/kubelet.service.d/10-kubeadm.conf" 0644 &&
		service_enable kubelet || fail "the kubelet's unit could not be installed"
}
