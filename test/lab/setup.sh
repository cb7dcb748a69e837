#!/bin/sh
# Prepares a Debian 12 machine for the lab: packages, the service user, and everything
# that is built into the cache. Needs root, Go and a network. What stands is kept, so a
# second run takes a moment.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR/build disable=SC1091
. "$here/build/common.sh"
lab_cache=$(cache_folder)

if [ "$(id -u)" != 0 ]; then
	echo "setup.sh: the lab needs root, for namespaces, loop devices and libvirtd" >&2
	exit 1
fi

packages='libvirt-daemon-system libvirt-clients qemu-system-x86 qemu-utils dnsmasq-base nftables iptables iproute2
	mmdebstrap genisoimage xorriso extlinux syslinux-common fdisk e2fsprogs cpio git openssh-client ca-certificates'
# shellcheck disable=SC2086
if ! dpkg-query -W -f '${db:Status-Status}\n' $packages 2>/dev/null | awk '$1 != "installed" { bad = 1 } { n++ }
	END { exit bad || n < '"$(echo "$packages" | wc -w)"' }'; then
	say "packages: installing"
	export DEBIAN_FRONTEND=noninteractive
	apt-get -qq update >/dev/null
	# No service is wanted on the machine itself: each lab host starts its own.
	# shellcheck disable=SC2086
	RUNLEVEL=1 apt-get -qq install --no-install-recommends $packages >/dev/null
fi

if ! command -v go >/dev/null; then
	echo "setup.sh: Go 1.26 or newer is needed on PATH (https://go.dev/dl)" >&2
	exit 1
fi

if ! getent passwd kreconcile >/dev/null; then
	say "user: creating kreconcile"
	useradd --system --user-group --groups libvirt --home-dir /var/lib/kreconcile --no-create-home \
		--shell /usr/sbin/nologin kreconcile
fi
# Lab hosts bind their own folders over these.
mkdir -p /var/lib/kreconcile /etc/kreconcile /var/lib/libvirt /etc/libvirt /var/log/libvirt /var/cache/libvirt

kubernetes=$("$here/build/kubernetes.sh")
containerd=$("$here/build/containerd.sh")
"$here/build/tiny-guest.sh"
"$here/build/guest-image.sh" lab-debian-12
"$here/build/guest-image.sh" lab-debian-12-next --stamp 2
"$here/build/guest-image.sh" lab-debian-12-broken --stamp 3 --broken

mkdir -p "$lab_cache/mirror/kubernetes" "$lab_cache/mirror/containerd"
point "$lab_cache/mirror/kubernetes/release" "$kubernetes/release"
point "$lab_cache/mirror/containerd/releases" "$containerd/releases"
say "ready: everything is in $lab_cache"
