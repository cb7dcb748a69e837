#!/bin/sh
# Builds a guest image: Debian 12 with the real cloud-init and guest agent, and what
# a kubeadm node needs except kubeadm, kubelet and kubectl themselves.
#   guest-image.sh NAME [--stamp TEXT] [--broken]
# The stamp stands in /etc/lab-image, so that two images differ; the kernel of a
# broken one finds no initramfs and panics. The result is images/NAME.qcow2 with its .sha256 in the cache.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR disable=SC1091
. "$here/common.sh"
# shellcheck source-path=SCRIPTDIR disable=SC1091
. "$here/disk.sh"
lab_cache=$(cache_folder)

# Mounts and loop devices must not outlive this script, however it ends.
if [ -z "${LAB_MOUNTS:-}" ]; then
	LAB_MOUNTS=own exec unshare --mount --propagation private "$0" "$@"
fi

name=$1
shift
stamp=1
kernel_extra=
while [ $# -gt 0 ]; do
	case $1 in
	--stamp) stamp=$2 && shift ;;
	--broken) kernel_extra='rdinit=/nothing-here panic=0' ;;
	*) echo "guest-image.sh: unknown argument $1" >&2 && exit 2 ;;
	esac
	shift
done

root_archive=$("$here/debian-root.sh")
kubernetes=$(readlink -f "$lab_cache/kubernetes")
containerd=$(readlink -f "$lab_cache/containerd")
base_digest=$(find "$here/guest-root" -type f -print0 | sort -z | xargs -0 cat "$here/guest-image.sh" "$here/disk.sh" |
	digest_of "$root_archive $kubernetes $containerd" -)
base=$lab_cache/guest-$base_digest.raw
image=$lab_cache/images/$name-$(digest_of "$base_digest $stamp $kernel_extra" /dev/null).qcow2
mkdir -p "$lab_cache/images"
if [ -f "$image" ] && [ -f "$image.sha256" ]; then
	publish_image "$image" "$lab_cache/images/$name.qcow2"
	exit 0
fi

work=$(mktemp -d "$lab_cache/.image.XXXXXX")
root=$work/root
importer=
cleanup() {
	[ -z "$importer" ] || kill "$importer" 2>/dev/null || :
	umount "$root" 2>/dev/null || :
	rm -rf "$work"
}
trap cleanup EXIT

# configure: turns the bare packages under $root into an image for many machines.
configure() {
	cp -r "$here/guest-root/." "$root/"
	cp "$containerd"/bin/* "$root/usr/local/bin/"
	mkdir -p "$root/opt/cni"
	ln -s /usr/lib/cni "$root/opt/cni/bin"
	chroot "$root" update-initramfs -u -k all >"$work/initramfs.log" 2>&1 || { cat "$work/initramfs.log" >&2 && exit 1; }
	for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
		e2scrub_reap.service fstrim.timer systemd-pstore.service; do
		ln -sf /dev/null "$root/etc/systemd/system/$unit"
	done
	ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
	echo localhost >"$root/etc/hostname"
	printf '127.0.0.1 localhost\n::1 localhost ip6-localhost\n' >"$root/etc/hosts"
	rm -f "$root"/etc/ssh/ssh_host_* "$root/var/lib/dbus/machine-id"
	: >"$root/etc/machine-id"
	rm -rf "$root"/var/lib/cloud "$root"/var/log/journal
}

# import_images: containerd itself, on this host, unpacks the images into the guest's
# store. In an emulated guest the same takes minutes.
import_images() {
	mkdir -p "$work/state"
	cat >"$work/containerd.toml" <<-CONFIG
		version = 3
		root = '$root/var/lib/containerd'
		state = '$work/state'
		disabled_plugins = ['io.containerd.cri.v1.images', 'io.containerd.cri.v1.runtime', 'io.containerd.grpc.v1.cri',
		  'io.containerd.nri.v1.nri', 'io.containerd.internal.v1.opt', 'io.containerd.snapshotter.v1.erofs',
		  'io.containerd.snapshotter.v1.blockfile', 'io.containerd.snapshotter.v1.devmapper',
		  'io.containerd.snapshotter.v1.zfs', 'io.containerd.snapshotter.v1.btrfs', 'io.containerd.snapshotter.v1.native']
		[grpc]
		address = '$work/containerd.sock'
	CONFIG
	"$containerd/bin/containerd" -c "$work/containerd.toml" >"$work/containerd.log" 2>&1 &
	importer=$!
	ctr="$containerd/bin/ctr -a $work/containerd.sock -n k8s.io"
	tries=0
	until $ctr version >/dev/null 2>&1; do
		tries=$((tries + 1))
		if [ "$tries" -gt 100 ]; then cat "$work/containerd.log" >&2 && exit 1; fi
		sleep 0.2
	done
	for archive in "$kubernetes"/images/*.tar; do
		$ctr images import "$archive" >"$work/import.log" 2>&1 || { cat "$work/import.log" "$work/containerd.log" >&2 && exit 1; }
	done
	kill "$importer"
	wait "$importer" || :
	importer=
}

if [ ! -f "$base" ]; then
	say "guest image: disk, boot loader, containerd with Kubernetes' images"
	make_disk "$work/base.raw" 6144
	mount_disk "$work/base.raw" "$root"
	tar -C "$root" --numeric-owner -xf "$root_archive"
	configure
	import_images
	extlinux --install "$root/boot/syslinux" >/dev/null 2>&1
	umount "$root"
	mv "$work/base.raw" "$base"
fi

say "guest image: $name (stamp $stamp${kernel_extra:+, broken})"
cp --sparse=always "$base" "$work/image.raw"
mount_disk "$work/image.raw" "$root"
echo "$stamp" >"$root/etc/lab-image"
[ -z "$kernel_extra" ] || sed -i "s#APPEND #APPEND $kernel_extra #" "$root/boot/syslinux/extlinux.conf"
umount "$root"
finish_image "$work/image.raw" "$image"
publish_image "$image" "$lab_cache/images/$name.qcow2"
say "guest image: $(du -sh "$image" | cut -f1) in $image"
