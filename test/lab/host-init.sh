#!/bin/bash
# Pid 1 of a lab host: lays out its folders, starts its libvirtd, and then reads its
# standard input. When that ends, so does this script, and with it, by the kernel,
# every process of the lab host. bash reaps whatever falls to it while it reads:
# libvirt waits for dead QEMU probes that nobody reaps.
#   host-init.sh ROOT
set -eu
root=$1

mount --make-rprivate /
mount -t proc proc /proc
# The machine's own /sys goes first, and with it its cgroups: libvirt reads the table of
# mounts, where what is covered still stands. Without cgroups it does without.
umount --recursive --lazy /sys || true
mount -t sysfs sysfs /sys
for folder in var/lib/libvirt etc/libvirt var/log/libvirt var/cache/libvirt var/lib/kreconcile etc/kreconcile; do
	mount --bind "$root/$folder" "/$folder"
done

# No kvm in here: where /dev/kvm exists but does not serve, libvirt believes in it and
# guests hang at boot. What the devices below are is fixed by the kernel.
mount -t tmpfs -o mode=0755 dev "$root/dev"
mkdir "$root/dev/net" "$root/dev/pts" "$root/dev/shm"
mknod -m 0666 "$root/dev/null" c 1 3
mknod -m 0666 "$root/dev/zero" c 1 5
mknod -m 0666 "$root/dev/full" c 1 7
mknod -m 0666 "$root/dev/random" c 1 8
mknod -m 0666 "$root/dev/urandom" c 1 9
mknod -m 0666 "$root/dev/tty" c 5 0
mknod -m 0666 "$root/dev/net/tun" c 10 200
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
# Here too: libvirt fails to move what it reads there for a domain's own /dev.
umount --recursive --lazy /dev || true
mount --move "$root/dev" /dev

mount -t tmpfs -o mode=0755 run /run
mkdir -m 1777 /run/lock
ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward

virtlogd -d
libvirtd -d
echo ready
while read -r _; do :; done
