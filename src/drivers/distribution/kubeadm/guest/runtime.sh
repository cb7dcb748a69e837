# The container runtime and what the kernel must offer it.

prepare_host() {
	progress 'kernel modules, settings and swap'
	for module in overlay br_netfilter; do
		modprobe "$module" || fail "the kernel has no module $module"
	done
	sysctl -q -p "$ROOT/etc/sysctl.d/90-kreconcile.conf" >/dev/null || fail 'the kernel refused the settings of 90-kreconcile.conf'
	swapoff -a || fail 'swap could not be turned off'
	[ ! -f "$ROOT/etc/fstab" ] || sed -i '/^[^#].*[[:space:]]swap[[:space:]]/s/^/#/' "$ROOT/etc/fstab"
}

# containerd_minimum VERSION: from `minor:version` pairs, newest first.
containerd_minimum() {
	minimum_minor=$(echo "$1" | cut -d. -f2)
	for minimum_rule in $CONTAINERD_RULES; do
		[ "$minimum_minor" -lt "${minimum_rule%%:*}" ] || { echo "${minimum_rule#*:}" && return; }
	done
}

containerd_version() { containerd --version 2>/dev/null | awk '{ sub(/^v/, "", $3); print $3 }'; }

containerd_fits() { version_at_least "$(containerd_version)" "$(containerd_minimum "$1")"; }

# install_runtime: what the image holds if it fits, else the OS package if that fits, else the archives of the mirror.
install_runtime() {
	if ! containerd_fits "$VERSION" && command -v apt-cache >/dev/null; then
		os_candidate=$(apt-cache policy containerd 2>/dev/null | sed -n 's/^ *Candidate: *\([0-9]*:\)\{0,1\}//p')
		if version_at_least "$os_candidate" "$(containerd_minimum "$VERSION")"; then
			progress "containerd $os_candidate from the operating system"
			DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends containerd >"$KUBEADM_LOG" 2>&1 || :
		fi
	fi
	containerd_fits "$VERSION" || install_containerd_archive
	if ! command -v runc >/dev/null; then
		progress "runc $RUNC_VERSION"
		take_verified "$RUNC_MIRROR/v$RUNC_VERSION/runc.$ARCH" "$RUNC_MIRROR/v$RUNC_VERSION/runc.sha256sum" "$KUBEADM_WORK/unpacked/runc"
		install_file "$KUBEADM_WORK/unpacked/runc" "$ROOT/usr/local/bin/runc" 0755 || fail 'runc could not be installed'
	fi
	install_network_plugins
	rm -rf "$KUBEADM_WORK"
}

install_containerd_archive() {
	progress "containerd $CONTAINERD_VERSION"
	archive=containerd-$CONTAINERD_VERSION-linux-$ARCH.tar.gz
	take_verified "$CONTAINERD_MIRROR/v$CONTAINERD_VERSION/$archive" "$CONTAINERD_MIRROR/v$CONTAINERD_VERSION/$archive.sha256sum" \
		"$KUBEADM_WORK/unpacked/$archive"
	tar -C "$KUBEADM_WORK/unpacked" -xzf "$KUBEADM_WORK/unpacked/$archive" || fail "$archive cannot be unpacked"
	for program in "$KUBEADM_WORK"/unpacked/bin/*; do
		install_file "$program" "$ROOT/usr/local/bin/${program##*/}" 0755 || fail "${program##*/} could not be installed"
	done
	install_file "$KUBEADM_FILES/containerd.service" "$ROOT/etc/systemd/system/containerd.service" 0644 ||
		fail "containerd's unit could not be written"
}

# network_plugins_complete FOLDER
network_plugins_complete() {
	for plugin in loopback bridge host-local portmap; do
		[ -x "$1/$plugin" ] || return 1
	done
}

# install_network_plugins: Debian keeps them in /usr/lib/cni, the kubelet's world looks in /opt/cni/bin.
install_network_plugins() {
	if network_plugins_complete "$ROOT/opt/cni/bin"; then return; fi
	plugins=$ROOT/usr/lib/cni
	if ! network_plugins_complete "$plugins"; then
		progress "network plugins $CNI_PLUGINS_VERSION"
		archive=cni-plugins-linux-$ARCH-v$CNI_PLUGINS_VERSION.tgz
		plugins=$KUBEADM_WORK/plugins
		take_verified "$CNI_PLUGINS_MIRROR/v$CNI_PLUGINS_VERSION/$archive" "$CNI_PLUGINS_MIRROR/v$CNI_PLUGINS_VERSION/$archive.sha256" \
			"$KUBEADM_WORK/unpacked/$archive"
		mkdir -p "$plugins"
		tar -C "$plugins" -xzf "$KUBEADM_WORK/unpacked/$archive" || fail "$archive cannot be unpacked"
	fi
	for plugin in "$plugins"/*; do
		if [ -x "$plugin" ]; then
			install_file "$plugin" "$ROOT/opt/cni/bin/${plugin##*/}" 0755 || fail "${plugin##*/} could not be installed"
		fi
	done
}

# kubeadm_images VERSION: the names of the images, with the manifest's own repository and tags.
kubeadm_images() {
	sed "s/^kubernetesVersion: .*/kubernetesVersion: $1/" "$KUBEADM_FILES/images.yaml" >"$KUBEADM_FILES/images-wanted.yaml" &&
		"${2:-kubeadm}" config images list --config "$KUBEADM_FILES/images-wanted.yaml" 2>/dev/null
}

configure_runtime() {
	case $(containerd_version) in [01].*) dialect=2 ;; *) dialect=3 ;; esac
	sandbox=$(kubeadm_images "$VERSION" | grep '/pause:') || fail 'kubeadm did not name its pause image'
	sed "s#@SANDBOX@#$sandbox#" "$KUBEADM_FILES/containerd-v$dialect.toml" >"$KUBEADM_FILES/containerd.toml"
	if cmp -s "$KUBEADM_FILES/containerd.toml" "$ROOT/etc/containerd/config.toml" && service_active containerd; then return; fi
	install_file "$KUBEADM_FILES/containerd.toml" "$ROOT/etc/containerd/config.toml" 0644 || fail "containerd's configuration could not be written"
	service_enable containerd && service_restart containerd || fail 'containerd does not start: see journalctl -u containerd'
}
