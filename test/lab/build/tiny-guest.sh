#!/bin/sh
# Builds the tiny guest: Debian's kernel with busybox and the real guest agent, all of
# it in memory, on a bootable disk. Its agent answers a few seconds after power on,
# emulated. It has no cloud-init and forgets everything when it is switched off.
# The result is images/lab-tiny.qcow2 with its .sha256 in the cache.
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

root_archive=$("$here/debian-root.sh")
digest=$(find "$here/tiny-root" -type f -print0 | sort -z | xargs -0 cat "$here/tiny-guest.sh" "$here/disk.sh" |
	digest_of "$root_archive" -)
image=$lab_cache/images/lab-tiny-$digest.qcow2
mkdir -p "$lab_cache/images"
if [ -f "$image" ] && [ -f "$image.sha256" ]; then
	publish_image "$image" "$lab_cache/images/lab-tiny.qcow2"
	exit 0
fi

work=$(mktemp -d "$lab_cache/.tiny.XXXXXX")
cleanup() {
	umount "$work/disk" 2>/dev/null || :
	rm -rf "$work"
}
trap cleanup EXIT
debian=$work/debian
tree=$work/tree
say "tiny guest: building"
mkdir -p "$debian" "$tree/bin" "$tree/usr/sbin" "$tree/usr/bin" "$tree/lib/x86_64-linux-gnu" "$tree/lib64" \
	"$tree/proc" "$tree/sys" "$tree/dev" "$tree/tmp" "$tree/root"
tar -C "$debian" -xf "$root_archive" --exclude='./dev/*'
cp -r "$here/tiny-root/." "$tree/"
cp "$debian/usr/sbin/qemu-ga" "$tree/usr/sbin/"
cp "$debian/usr/bin/busybox" "$tree/bin/"
cp -L "$debian/lib64/ld-linux-x86-64.so.2" "$tree/lib64/"
chroot "$debian" ldd /usr/sbin/qemu-ga /usr/bin/busybox | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | sort -u |
	while read -r library; do cp -L "$debian$library" "$tree/lib/x86_64-linux-gnu/"; done
chroot "$debian" busybox --list | while read -r applet; do
	[ "$applet" = busybox ] || ln -s busybox "$tree/bin/$applet"
done
ln -s bin/busybox "$tree/init"
rm "$tree/bin/init"
ln -s busybox "$tree/bin/init"

# The modules that are wanted, and with each those that modules.dep names for it.
kernel=$(basename "$debian"/lib/modules/*)
modules=$tree/lib/modules/$kernel
for module in virtio_pci virtio_console virtio_net virtio_blk virtio_rng button evdev; do
	sed -n "s/:/ /; /\/$module\.ko /p" "$debian/lib/modules/$kernel/modules.dep" | tr ' ' '\n'
done | sort -u | while read -r file; do
	[ -z "$file" ] || install -D "$debian/lib/modules/$kernel/$file" "$modules/$file"
done
cp "$debian/lib/modules/$kernel"/modules.dep "$debian/lib/modules/$kernel"/modules.builtin "$modules/"
(cd "$tree" && find . -print0 | sort -z | cpio --quiet --null -o -H newc -R 0:0 | gzip -9n) >"$work/initrd"

make_disk "$work/tiny.raw" 40
mount_disk "$work/tiny.raw" "$work/disk"
mkdir -p "$work/disk/boot/syslinux"
cp "$debian/boot/vmlinuz-$kernel" "$work/disk/vmlinuz"
cp "$work/initrd" "$work/disk/initrd"
cat >"$work/disk/boot/syslinux/extlinux.conf" <<-CONFIG
	DEFAULT tiny
	PROMPT 0
	TIMEOUT 0
	LABEL tiny
	LINUX /vmlinuz
	INITRD /initrd
	APPEND console=ttyS0 net.ifnames=0 quiet loglevel=4 mitigations=off
CONFIG
extlinux --install "$work/disk/boot/syslinux" >/dev/null 2>&1
umount "$work/disk"
finish_image "$work/tiny.raw" "$image"
publish_image "$image" "$lab_cache/images/lab-tiny.qcow2"
say "tiny guest: $(du -sh "$image" | cut -f1) in $image, of it $(du -sh "$work/initrd" | cut -f1) initramfs"
