#!/bin/sh
# Fetches Debian 12's packages for guests, once, as one archive; both guest images are
# made from it. Prints the archive's path.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR disable=SC1091
. "$here/common.sh"
lab_cache=$(cache_folder)

packages=systemd-sysv,dbus,udev,linux-image-cloud-amd64,initramfs-tools,busybox,zstd
packages=$packages,cloud-init,cloud-guest-utils,fdisk,e2fsprogs,locales,qemu-guest-agent,openssh-server
packages=$packages,netplan.io,systemd-resolved,iproute2,iputils-ping,procps,ca-certificates,curl
packages=$packages,runc,containernetworking-plugins,conntrack,iptables,nftables,ebtables,socat,ethtool,kmod

archive=$lab_cache/debian-12-$(digest_of "$packages" "$here/debian-root.sh").tar
if [ ! -f "$archive" ]; then
	say "guests: Debian's packages (about a minute)"
	mkdir -p "$lab_cache"
	work=$(mktemp -d "$lab_cache/.debian.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	# Documentation stays out: it is a tenth of the image and nobody reads it there.
	mmdebstrap --quiet --variant=apt --components=main --aptopt='Acquire::Languages "none"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--include="$packages" bookworm "$work/root.tar" >&2
	mv "$work/root.tar" "$archive"
fi
echo "$archive"
